#include "data/starter_voices.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>

#include "data/files.h"
#include "data/process.h"

namespace tadpole::data {
namespace {

constexpr std::string_view kEspeak = "espeak-ng", kFlite = "flite";

// Whispering and robot voices are left out: they sound like no one who will speak to the device.
constexpr Voice kVoices[] = {
    {kFlite, "awb", "", 170, 0},
    {kFlite, "rms", "", 170, 0},
    {kFlite, "slt", "", 170, 0},
    {kFlite, "kal16", "", 165, 0},
    {kEspeak, "en-us", "", 150, 45},
    {kEspeak, "en-us+f1", "", 145, 60},
    {kEspeak, "en-us+f2", "", 160, 50},
    {kEspeak, "en-us+f3", "", 140, 55},
    {kEspeak, "en-us+m1", "", 150, 40},
    {kEspeak, "en-us+m3", "", 165, 35},
    {kEspeak, "en-us+m7", "", 140, 45},
    {kEspeak, "en-us+adam", "", 150, 50},
    {kEspeak, "en-us+belinda", "", 150, 50},
    {kEspeak, "en-us-nyc+f4", "", 155, 50},
    {kEspeak, "en-us-nyc+m2", "", 145, 45},
    {kEspeak, "en-gb", "", 150, 50},
    {kEspeak, "en-gb+f2", "", 145, 60},
    {kEspeak, "en-gb+f5", "", 155, 45},
    {kEspeak, "en-gb+m4", "", 150, 50},
    {kEspeak, "en-gb+m8", "", 160, 40},
    {kEspeak, "en-gb+michael", "", 150, 50},
    {kEspeak, "en-gb+linda", "", 150, 50},
    {kEspeak, "en-gb-x-rp+f1", "", 140, 55},
    {kEspeak, "en-gb-x-rp+m5", "", 155, 45},
    {kEspeak, "en-gb-x-rp+grandma", "", 130, 50},
    {kEspeak, "en-gb-scotland", "", 150, 50},
    {kEspeak, "en-gb-scotland+f3", "", 150, 60},
    {kEspeak, "en-gb-scotland+m6", "", 140, 40},
    {kEspeak, "en-gb-x-gbclan+f4", "", 150, 55},
    {kEspeak, "en-gb-x-gbclan+m1", "", 155, 45},
    {kEspeak, "en-gb-x-gbcwmd+f2", "", 145, 50},
    {kEspeak, "en-gb-x-gbcwmd+m3", "", 150, 50},
    {kEspeak, "en-029", "", 150, 50},
    {kEspeak, "en-029+f5", "", 145, 60},
    {kEspeak, "en-029+m2", "", 155, 40},
    {kEspeak, "en-us+klatt2", "", 150, 50},
    {kEspeak, "en-gb+klatt4", "", 150, 55},
    {kEspeak, "en-us+croak", "", 145, 50},
    {kEspeak, "en-us+steph", "", 150, 50},
    {kEspeak, "en-gb+antonio", "", 150, 50},
    {kEspeak, "de", "de", 150, 50},
    {kEspeak, "de+f2", "de", 145, 55},
    {kEspeak, "es+m4", "es", 150, 45},
    {kEspeak, "es-419+f1", "es", 155, 55},
    {kEspeak, "it+f3", "it", 150, 50},
    {kEspeak, "it+m1", "it", 145, 45},
    {kEspeak, "nl", "nl", 150, 50},
    {kEspeak, "sv+f4", "sv", 150, 50},
    {kEspeak, "pt-br+m7", "pt", 150, 45},
    {kEspeak, "fr-fr+f5", "fr", 150, 50},
};

// How a reader of that language would have to see the word to say its English sound. Other words are read as
// they are: that is an accent, too, and harmless in the class "unknown".
struct Respelling {
  std::string_view language, word, spelled;
};
constexpr Respelling kRespellings[] = {
    {"de", "yes", "jess"},    {"de", "no", "noh"},      {"de", "up", "app"},    {"de", "down", "daun"},
    {"de", "stop", "stopp"},  {"de", "go", "goh"},      {"es", "up", "ap"},     {"es", "down", "daun"},
    {"es", "go", "gou"},      {"it", "yes", "ies"},     {"it", "up", "ap"},     {"it", "down", "daun"},
    {"nl", "yes", "jes"},     {"nl", "no", "noo"},      {"nl", "up", "ap"},     {"nl", "down", "daun"},
    {"nl", "go", "goo"},      {"sv", "yes", "jess"},    {"sv", "no", "nå"},     {"sv", "up", "app"},
    {"sv", "down", "daun"},   {"sv", "stop", "stopp"},  {"sv", "go", "gå"},     {"pt", "yes", "iés"},
    {"pt", "no", "nôu"},      {"pt", "up", "áp"},       {"pt", "down", "dáun"}, {"pt", "stop", "stóp"},
    {"pt", "go", "gôu"},      {"fr", "yes", "yesse"},   {"fr", "no", "nô"},     {"fr", "up", "appe"},
    {"fr", "down", "daoune"}, {"fr", "stop", "stoppe"}, {"fr", "go", "gô"},
};

std::string decimals(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

}  // namespace

std::span<const Voice> starter_voices() { return kVoices; }

std::string spelled_for(const Voice& voice, std::string_view word) {
  for (const Respelling& one : kRespellings) {
    if (one.language == voice.language && one.word == word) return std::string(one.spelled);
  }
  return std::string(word);
}

bool can_say(const Voice& voice, std::string_view word) {
  // A word that some language spells otherwise was listened to in all of them; the others read it as it is.
  const auto known = [&](const Respelling& one) { return one.word == word; };
  return voice.language.empty() || std::any_of(std::begin(kRespellings), std::end(kRespellings), known);
}

Result<std::vector<uint8_t>> speak(const Voice& voice, std::string_view word, int speed, int pitch,
                                   const std::string& scratch, const Progress& progress) {
  const std::string text = spelled_for(voice, word);
  std::vector<std::string> argv;
  if (voice.engine == kEspeak) {
    argv = {"espeak-ng",
            "-v",
            std::string(voice.name),
            "-s",
            std::to_string(voice.words_per_minute + speed),
            "-p",
            std::to_string(voice.pitch + pitch),
            "-w",
            scratch,
            "--",
            text};
  } else {
    // flite knows speed only as a stretch of durations: 1 is its own, about 170 words a minute.
    argv = {"flite",
            "-voice",
            std::string(voice.name),
            "--setf",
            "duration_stretch=" +
                decimals(static_cast<double>(voice.words_per_minute) / (voice.words_per_minute + speed)),
            "-t",
            text,
            "-o",
            scratch};
  }
  ProcessOptions options;
  options.timeout = std::chrono::seconds(20);
  options.progress = &progress;
  TADPOLE_TRY(const ProcessResult ended, run_checked(argv, options));
  auto bytes = read_file(scratch);
  std::error_code ignored;
  std::filesystem::remove(scratch, ignored);
  if (!bytes.ok())
    return Error{Code::program_failed,
                 argv[0] + " made no sound for \"" + text + "\". Its last words: " + last_words(ended)};
  return bytes;
}

}  // namespace tadpole::data
