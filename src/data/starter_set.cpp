// Each recording is a job of its own, seeded by its voice and word, so that the order of the jobs does not
// matter.
#include "data/starter_set.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "base/hash.h"
#include "base/rng.h"
#include "data/audio_file.h"
#include "data/files.h"
#include "data/process.h"
#include "data/starter_sound.h"
#include "data/starter_voices.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t kOthersPerVoice = 2;
constexpr int kNoiseSeconds = 40;
constexpr size_t kFewestVoices = 10;

struct Job {
  const Voice* voice;
  std::string word;
  std::string id;  // path below the folder
  std::optional<Error> failed;
};

std::string full_name(const Voice& voice) {
  return std::string(voice.engine) + " " + std::string(voice.name);
}

// Eight hexadecimal digits, as the speakers of Speech Commands have.
std::string speaker_code(const Voice& voice) {
  char text[16];
  std::snprintf(text, sizeof text, "%08x", static_cast<unsigned>(base::fnv1a(full_name(voice)) >> 32));
  return text;
}

std::vector<Job> plan_jobs(const StarterOptions& options) {
  std::vector<Job> jobs;
  size_t next = 0;
  std::vector<std::string> others = options.other_words;
  std::erase_if(others, [&](const std::string& word) {
    return std::find(options.words.begin(), options.words.end(), word) != options.words.end();
  });
  const auto voices = starter_voices();
  const size_t count =
      std::clamp<size_t>(static_cast<size_t>(std::max(0, options.voices)), kFewestVoices, voices.size());
  for (size_t i = 0; i < count; ++i) {
    const Voice& voice = voices[i * voices.size() / count];
    const auto add = [&](const std::string& word, int take) {
      jobs.push_back({&voice, word,
                      word + "/" + speaker_code(voice) + "_nohash_" + std::to_string(take) + ".wav",
                      std::nullopt});
    };
    for (const std::string& word : options.words) {
      if (!can_say(voice, word)) continue;
      for (int take = 0; take < options.takes; ++take) add(word, take);
    }
    for (size_t other = 0; other < std::min(kOthersPerVoice, others.size()); ++other)
      add(others[next++ % others.size()], 0);
  }
  return jobs;
}

Result<void> make_one(const Job& job, const std::string& folder, const StarterOptions& options,
                      const Progress& progress) {
  Rng rng = Rng(options.seed).fork(job.id);
  const int speed = static_cast<int>(rng.below(51)) - 25;
  const int pitch = static_cast<int>(rng.below(21)) - 10;
  const std::string path = folder + "/" + job.id;
  TADPOLE_TRY(const std::vector<uint8_t> bytes,
              speak(*job.voice, job.word, speed, pitch, path + ".raw", progress));
  TADPOLE_TRY(const AudioFile spoken, decode_audio(bytes, options.sample_rate_hz, full_name(*job.voice)));
  return write_file(path, encode_wav(in_a_room(spoken.audio, rng)), Sync::later);
}

std::string first_line(const std::string& program) {
  const std::vector<std::string> argv = {program, "--version"};
  const auto said = run_process(argv);
  if (!said.ok()) return program;
  const std::string text = said->out.empty() ? said->err : said->out;
  // "eSpeak NG text-to-speech: 1.51  Data at: ...", " version: flite-2.2-release ..."; where data lie is this
  // computer's.
  const size_t marked = text.find("version: ");
  const size_t start = marked == std::string::npos ? 0 : marked + 9;
  const std::string line =
      text.substr(start, std::min(text.find('\n', start), text.find("  Data at:", start)) - start);
  return line.empty() ? program : line;
}

std::string readme(const StarterOptions& options, const StarterSummary& summary) {
  std::string words;
  for (const std::string& word : options.words) words += (words.empty() ? "" : " ") + word;
  return "# Starter set of spoken words (synthetic)\n\n"
         "No person speaks here. " +
         std::to_string(summary.recordings) + " one-second recordings of " + std::to_string(summary.voices) +
         " synthetic voices, made by Tadpole with\nthese programs:\n\n- " + first_line("espeak-ng") + "\n- " +
         first_line("flite") + "\n\nWords: " + words +
         ". The other folders are words to be taken as \"unknown\".\n"
         "`_background_noise_` is synthetic, too. Room, level, place and noise of each recording are random "
         "(seed " +
         std::to_string(options.seed) +
         ").\n\n"
         "`groups.csv` names the voice of each recording. A voice is a group: keep it on one side of a "
         "split.\n\n"
         "A model trained on this set shows that everything works. It will not understand people well: add "
         "recordings\n"
         "of people, in these folders, and train again.\n";
}

// Removes an unfinished folder, whatever way the function is left.
struct Unfinished {
  std::string path;
  ~Unfinished() {
    std::error_code ignored;
    if (!path.empty()) fs::remove_all(path, ignored);
  }
};

// Voices with a failed job go with all their recordings: a voice that is not installed fails at every word.
Result<StarterSummary> keep_whole_voices(const std::vector<Job>& jobs, const std::string& folder,
                                         Progress& progress) {
  std::map<const Voice*, Error> failed;
  for (const Job& job : jobs) {
    if (job.failed) failed.emplace(job.voice, *job.failed);
  }
  StarterSummary summary;
  std::string csv = "path,group,source\n";
  std::set<const Voice*> voices;
  for (const Job& job : jobs) {
    if (failed.contains(job.voice)) {
      std::error_code ignored;
      fs::remove(folder + "/" + job.id, ignored);
      continue;
    }
    ++summary.recordings;
    voices.insert(job.voice);
    csv += job.id + "," + full_name(*job.voice) + ",synthetic\n";
  }
  summary.voices = static_cast<int>(voices.size());
  if (voices.size() < kFewestVoices) {
    Error error = failed.begin()->second;
    error.detail = "only " + std::to_string(voices.size()) + " of " +
                   std::to_string(starter_voices().size()) +
                   " voices can speak. The first failure: " + error.detail;
    return error;
  }
  for (const auto& [voice, error] : failed) {
    summary.left_out.push_back(full_name(*voice));
    progress.say("The voice " + full_name(*voice) + " was left out: " + error.detail);
  }
  TADPOLE_CHECK(write_file(folder + "/groups.csv", {reinterpret_cast<const uint8_t*>(csv.data()), csv.size()},
                           Sync::later));
  return summary;
}

Result<void> write_noise(const std::string& folder, const StarterOptions& options, Workers& workers) {
  TADPOLE_CHECK(make_folders(folder + "/_background_noise_"));
  const auto kinds = noise_kinds();
  std::vector<Result<void>> done(kinds.size());
  workers.run(static_cast<int>(kinds.size()), [&](int shard) {
    const auto i = static_cast<size_t>(shard);
    Rng rng = Rng(options.seed).fork(kinds[i]);
    const samples::Audio noise = background_noise(kinds[i], kNoiseSeconds, options.sample_rate_hz, rng);
    done[i] = write_file(folder + "/_background_noise_/" + std::string(kinds[i]) + ".wav", encode_wav(noise),
                         Sync::later);
  });
  for (const auto& one : done) TADPOLE_CHECK(one);
  return {};
}

// A word is the name of a folder, and one that other steps take for a class.
Result<void> check_options(const StarterOptions& options) {
  if (options.takes < 1 || options.takes > 100) {
    return Error{Code::data_bad_option,
                 std::to_string(options.takes) + " takes of a word were asked for; 1 to 100 are possible."};
  }
  for (const std::string& word : options.words) {
    const bool usable = !word.empty() && word.size() <= 60 && word.find('/') == word.npos &&
                        word.find('\0') == word.npos &&
                        std::string_view("._-").find(word[0]) == std::string_view::npos;
    if (!usable) {
      return Error{Code::data_bad_option,
                   "\"" + word +
                       "\" cannot be a word of the set: it becomes a folder's name. "
                       "Needs 1 to 60 bytes without '/', not beginning with '.', '_' or '-'."};
    }
  }
  return {};
}

// File system trouble stops everything; anything else is the voice's.
bool stops_all(Code code) {
  return code == Code::disk_full || code == Code::file_unwritable || code == Code::cancelled ||
         code == Code::program_missing;
}

}  // namespace

Result<StarterSummary> make_starter_set(const std::string& folder, const StarterOptions& options,
                                        Workers& workers, Progress& progress) {
  TADPOLE_CHECK(check_options(options));
  for (const char* program : {"espeak-ng", "flite"}) {
    if (find_program(program).ok()) continue;
    return Error{Code::program_missing, std::string("the starter set needs the speech synthesiser \"") +
                                            program +
                                            "\", which is not installed. Run: apt-get install espeak-ng "
                                            "flite. Or use recordings of your own: --data DIR."};
  }
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(folder, ignored))) {
    return Error{Code::file_unwritable, folder + ": is there already. Choose another folder, or delete it."};
  }
  const Unfinished unfinished{folder + ".tmp" + std::to_string(getpid())};
  fs::remove_all(unfinished.path, ignored);
  std::vector<Job> jobs = plan_jobs(options);
  if (jobs.empty()) return Error{Code::data_empty, folder + ": a starter set without words was asked for"};
  for (const Job& job : jobs) {
    TADPOLE_CHECK(make_folders(fs::path(unfinished.path + "/" + job.id).parent_path().string()));
  }

  std::atomic<long> done{0};
  std::atomic<bool> stop{false};
  const auto total = static_cast<long>(jobs.size());
  workers.run(static_cast<int>(jobs.size()), [&](int shard) {
    Job& job = jobs[static_cast<size_t>(shard)];
    if (stop || progress.cancelled()) return;
    if (auto made = make_one(job, unfinished.path, options, progress); !made.ok()) {
      job.failed = made.error();
      if (stops_all(made.error().code)) stop = true;
    }
    progress.report("make recordings", done.fetch_add(1) + 1, total, job.word);
  });
  if (progress.cancelled()) return Error{Code::cancelled, folder + ": making the starter set was stopped"};
  for (const Job& job : jobs) {
    if (job.failed && stops_all(job.failed->code)) return *job.failed;
  }
  TADPOLE_CHECK(write_noise(unfinished.path, options, workers));
  TADPOLE_TRY(StarterSummary summary, keep_whole_voices(jobs, unfinished.path, progress));
  TADPOLE_CHECK(write_text(unfinished.path + "/README.md", readme(options, summary)));
  TADPOLE_CHECK(publish_folder(unfinished.path, folder));
  return summary;
}

}  // namespace tadpole::data
