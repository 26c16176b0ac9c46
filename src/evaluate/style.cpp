// The style sheet of the report: colours from the palette, rules for screens of any width and for paper.
#include <string>

#include "evaluate/palette.h"

namespace tadpole::evaluate {
namespace {

std::string hex(Rgb colour) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "#";
  for (const int part : {colour.red, colour.green, colour.blue}) {
    out += kDigits[part >> 4];
    out += kDigits[part & 15];
  }
  return out;
}

std::string variables(bool dark) {
  std::string out = dark ? ":root{color-scheme:dark;" : ":root{color-scheme:light;";
  for (const Colour& colour : palette()) {
    out += "--" + std::string(colour.name) + ":" + hex(rgb(dark ? colour.dark : colour.light)) + ";";
  }
  out += "}\n";
  for (const bool right : {true, false}) {
    for (int step = 0; step < kHeatSteps; ++step) {
      const HeatCell cell = heat_cell(right, step, dark);
      out += std::string("td.") + (right ? "r" : "w") + std::to_string(step) +
             "{background:" + hex(cell.background) + ";color:" + hex(cell.ink) + "}";
    }
  }
  return out + "\n";
}

constexpr std::string_view kRules = R"css(
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",
Roboto,
"Helvetica Neue","Noto Sans","DejaVu Sans",sans-serif;-webkit-print-color-adjust:exact;
print-color-adjust:exact}
main,header.top,footer{max-width:1120px;margin:0 auto;padding:0 24px}
header.top{padding-top:32px}
.brand{display:flex;align-items:center;gap:10px;color:var(--accent);font-weight:650;letter-spacing:.01em}
.brand svg{width:34px;height:34px;flex:none}
h1{font-size:clamp(1.75rem,5vw,2.6rem);line-height:1.15;margin:.35em 0 .2em;letter-spacing:-.02em;
overflow-wrap:anywhere}
h2{font-size:1.45rem;line-height:1.25;margin:0 0 .35em;letter-spacing:-.01em}
h3{font-size:1.03rem;line-height:1.35;margin:0 0 .5em}
p{margin:0 0 .9em;max-width:74ch}
a{color:var(--accent)}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid var(--accent);
outline-offset:2px;border-radius:4px}
.muted,figcaption,.meta,small{color:var(--muted)}
.meta{font-size:.92rem;max-width:none}
.lead{font-size:1.13rem}
.note{background:var(--warn-back);color:var(--warn-ink);border-left:4px solid currentColor;
border-radius:6px;padding:10px 14px;
margin:0 0 1em;max-width:none}
.cards{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:14px;margin:22px 0 8px;padding:0;
list-style:none}
.card{background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:14px 16px 13px;
display:flex;
flex-direction:column}
.card .what{font-size:.9rem;color:var(--muted);margin:0}
.card .big{font-size:1.85rem;font-weight:680;line-height:1.2;letter-spacing:-.02em;margin:2px 0 4px;
font-variant-numeric:tabular-nums}
.card .sub{font-size:.85rem;color:var(--muted);margin:0;line-height:1.4}
.card svg.bar{margin:2px 0 7px}
nav{margin:18px 0 0}
nav ul{display:flex;flex-wrap:wrap;gap:8px;margin:0;padding:0;list-style:none}
nav a{display:block;padding:5px 12px;border:1px solid var(--line);border-radius:99px;
background:var(--surface);text-decoration:none;
font-size:.9rem;color:var(--ink)}
nav a:hover{border-color:var(--accent);color:var(--accent)}
section{background:var(--surface);border:1px solid var(--line);border-radius:14px;padding:26px 28px 20px;
margin:22px 0;scroll-margin-top:12px}
figure{margin:18px 0 20px;min-width:0}
figcaption{font-size:.92rem;margin-top:8px;max-width:78ch}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:8px 32px;
align-items:start}
.trio{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr));gap:8px 28px;
align-items:start}
.chart{display:block;width:100%;height:auto;max-width:600px;overflow:visible}
.chart text{font-size:12px;fill:var(--muted);font-family:inherit}
.chart .grid{stroke:var(--line);stroke-width:1}
.chart .axis{stroke:var(--muted);stroke-width:1}
.legend{display:flex;flex-wrap:wrap;gap:3px 18px;margin:6px 0 0;padding:0;list-style:none;font-size:.92rem}
.legend li{display:flex;align-items:center;gap:7px}
.legend svg{flex:none}
p.enlarged{margin:6px 0 0}
svg.bar,svg.stack{display:block;width:100%}
.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}.s4{stroke:var(--c4)}.s5{stroke:var(--c5)}
.s6{stroke:var(--c6)}
.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}.f4{fill:var(--c4)}.f5{fill:var(--c5)}
.f6{fill:var(--c6)}
.f0{fill:var(--sunken)}.fbad{fill:var(--bad)}.sink{stroke:var(--ink)}.ssurface{stroke:var(--surface)}
.curve{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}
.scroll{overflow-x:auto;max-width:100%;margin:4px 0 14px}
table{border-collapse:collapse;font-size:.94rem;font-variant-numeric:tabular-nums;min-width:min(100%,320px)}
table.wide{width:100%}
caption{text-align:left;font-weight:600;padding:4px 0 6px}
thead tr:first-child td{border:0}
.pair>div>.scroll:first-child{margin-top:18px}
thead th[colspan]{text-align:center;border-bottom:0;padding-bottom:0;color:var(--ink)}
th,td{padding:6px 12px 6px 0;text-align:left;vertical-align:middle;border-bottom:1px solid var(--line)}
th:last-child,td:last-child{padding-right:0}
thead th{color:var(--muted);font-weight:600;font-size:.86rem;vertical-align:bottom;line-height:1.3}
tbody th{font-weight:550;overflow-wrap:break-word}
table:not(.heat) tbody th{min-width:7em}
tbody th small{font-weight:400}
thead th.n{white-space:normal}
tfoot th,tfoot td{font-weight:650;border-bottom:0}
.n{text-align:right;white-space:nowrap}
td.barcell{min-width:120px;width:40%}
table.heat{border-collapse:separate;border-spacing:2px;font-size:.9rem;min-width:0;width:100%;
table-layout:fixed}
table.heat th,table.heat td{border:0;padding:0 2px;text-align:center}
table.heat td{height:38px;border-radius:5px;font-weight:600}
table.heat thead th{font-size:.8rem;vertical-align:bottom;padding-bottom:4px}
table.heat thead th span{writing-mode:vertical-rl;transform:rotate(180deg);max-height:7em;overflow:hidden;
white-space:nowrap}
table.heat thead th:first-child{text-align:right;font-size:.72rem;font-weight:400;padding-right:7px;
line-height:1.35;white-space:nowrap}
table.heat tbody th{text-align:right;padding-right:7px;font-size:.82rem;overflow:hidden;
text-overflow:ellipsis;white-space:nowrap}
table.heat col.name{width:84px}
table.heat td.zero{font-weight:400;color:var(--muted);background:var(--sunken)}
.clips{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,200px),1fr));gap:16px}
.clips figure{margin:0}
.clips img{display:block;width:100%;height:120px;border-radius:8px;image-rendering:pixelated;
background:#000}
.clips figcaption{font-size:.86rem;line-height:1.4;overflow-wrap:anywhere}
.clips strong{color:var(--ink);font-size:.98rem}
.tag{display:inline-block;font-size:.72rem;font-weight:650;line-height:1;padding:3px 7px;
border-radius:99px;border:1px solid currentColor;
color:var(--muted);vertical-align:.12em;white-space:nowrap;letter-spacing:.01em}
.good{color:var(--accent)}.bad{color:var(--bad)}
dl.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,136px),1fr));gap:12px 24px;
margin:8px 0 18px}
dl.facts dt{font-size:.86rem;color:var(--muted)}
dl.facts dd{margin:0;font-weight:600;overflow-wrap:anywhere}
dl.words dt{font-weight:650}
dl.words dd{margin:0 0 .6em;max-width:74ch}
details{margin:4px 0 14px}
summary{cursor:pointer;color:var(--accent);font-size:.93rem;padding:3px 0}
pre{background:var(--sunken);border-radius:8px;padding:12px 14px;overflow-x:auto;
font:.88rem/1.55 ui-monospace,"DejaVu Sans Mono",
Menlo,Consolas,monospace;margin:0 0 14px}
ul.list{padding-left:1.2em;margin:0 0 1em}
ul.list li{margin:.2em 0;overflow-wrap:anywhere}
footer{color:var(--muted);font-size:.9rem;padding-top:4px;padding-bottom:40px}
@media (max-width:860px){.cards{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media (max-width:520px){main,header.top,footer{padding-left:14px;padding-right:14px}
header.top{padding-top:20px}
section{padding:18px 15px 12px;border-radius:12px;margin:14px 0}.cards{gap:9px}.card{padding:11px 12px}
.card .big{font-size:1.4rem}
.chart text{font-size:14px}table{font-size:.9rem}th,td{padding-right:9px}td.barcell{min-width:84px}
tbody th small.where{display:none}
table.heat{font-size:.82rem;border-spacing:1px}table.heat td{height:34px}table.heat col.name{width:72px}
table.heat tbody th{font-size:.78rem;padding-right:5px}
.clips{grid-template-columns:repeat(2,minmax(0,1fr));gap:12px}.clips img{height:96px}}
@media print{@page{size:A4;margin:14mm 13mm}html{font-size:12.5px}body{background:#fff;font-size:1rem}
dt{break-after:avoid}th,td{padding-top:3px;padding-bottom:3px}nav,details.screen{display:none}
main,header.top,footer{max-width:none;padding:0}section{border:0;border-top:1px solid var(--line);
border-radius:0;padding:14px 0 0;margin:14px 0 0}
.cards{grid-template-columns:repeat(4,minmax(0,1fr));gap:8px}.card{padding:8px 10px}
.card .big{font-size:1.3rem}
.card .sub,.card .what{font-size:.78rem}
.pair{grid-template-columns:1fr 1fr;gap:6px 22px}.trio{grid-template-columns:repeat(3,minmax(0,1fr));
gap:6px 14px}
.trio table.heat{font-size:.74rem}.trio table.heat td{height:24px}.trio table.heat col.name{width:60px}
.trio table.heat thead th,.trio table.heat tbody th{font-size:.66rem}
.trio th,.trio td{padding-right:6px}
.clips{grid-template-columns:repeat(4,minmax(0,1fr))}.clips img{height:84px}
figure,.card,tr,.note,ul.list,dl.facts,pre{break-inside:avoid}p.muted{break-before:avoid}h2,h3,caption,
thead{break-after:avoid}.scroll{overflow:visible}a{color:inherit}}
)css";

}  // namespace

std::string style_sheet() {
  // The dark scheme is for screens only: paper is white.
  return variables(false) + "@media screen and (prefers-color-scheme:dark){" + variables(true) + "}" +
         std::string(kRules);
}

}  // namespace tadpole::evaluate
