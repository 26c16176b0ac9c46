// Importers of pictures: folders, collections in one file, COCO's annotations.
#include <algorithm>
#include <filesystem>
#include <set>

#include "data/files.h"
#include "data/image_file.h"
#include "data/image_sets.h"
#include "data/import_source.h"
#include "data/json_walk.h"
#include "data/text_lines.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;
using samples::Side;

// Visual Wake Words (Chowdhery et al. 2019, section 3.1): a person counts from 0.5 % of the picture's area.
constexpr double kLeastShare = 0.005;

std::vector<std::string> pictures_of(const Source& source) { return source.with({".png", ".jpg", ".jpeg"}); }

Result<void> add_picture(const Source& source, const std::string& file, const Place& place,
                         FolderWriter& writer) {
  const auto bytes = read_file(source.path(file));
  if (!bytes.ok()) return writer.bad(file, bytes.error());
  const auto image = decode_image(*bytes, source.path(file));
  if (!image.ok()) return writer.bad(file, image.error());
  TADPOLE_TRY(const std::string id, writer.add(place, extension_of(file), *bytes));
  return {};
}

// What COCO's files say of one picture.
struct Photo {
  std::string file;
  double area = 0;
  bool person = false, annotated = false;
  int captions = 0, with_person = 0;
};

bool speaks_of_person(std::string_view caption) {
  static const std::set<std::string, std::less<>> kWords = {
      "person",  "people",       "man",         "men",     "woman",  "women",    "boy",    "boys",
      "girl",    "girls",        "child",       "kid",     "kids",   "children", "baby",   "lady",
      "guy",     "guys",         "player",      "players", "surfer", "skier",    "couple", "crowd",
      "someone", "skateboarder", "snowboarder", "skiers",  "rider",  "batter"};
  std::string word;
  for (const char c : lower_case(caption) + " ") {
    if (c >= 'a' && c <= 'z') {
      word += c;
      continue;
    }
    if (kWords.contains(word)) return true;
    word.clear();
  }
  return false;
}

// Reads the annotations, in whatever order their parts come: categories may follow annotations.
class Coco {
 public:
  Result<void> read(const Source& source, const std::string& file) {
    const std::string path = source.path(file);
    person_ids_.clear();
    TADPOLE_TRY(const auto first, open_stream(path));
    TADPOLE_CHECK(walk_json(*first, path, JsonForm::json, [&](const JsonPath& at, const JsonEvent& event) {
      return about_pictures(at, event);
    }));
    TADPOLE_TRY(const auto second, open_stream(path));
    return walk_json(*second, path, JsonForm::json, [&](const JsonPath& at, const JsonEvent& event) {
      return about_annotations(at, event);
    });
  }

  const std::map<long, Photo>& photos() const { return photos_; }

 private:
  Result<void> about_pictures(const JsonPath& at, const JsonEvent& event) {
    if (at.size() == 3 && at[0] == "images" && at[1].empty()) {
      if (at[2] == "id") id_ = static_cast<long>(event.number);
      if (at[2] == "file_name") photo_.file = event.text;
      if (at[2] == "width") width_ = event.number;
      if (at[2] == "height") photo_.area = width_ * event.number;
    }
    if (is_path(at, {"images", ""}) && event.kind == JsonEvent::Kind::end_object) {
      if (id_ >= 0 && !photo_.file.empty()) photos_.emplace(id_, photo_);
      photo_ = {};
      id_ = -1;
    }
    if (is_path(at, {"categories", "", "id"})) category_ = static_cast<long>(event.number);
    if (is_path(at, {"categories", "", "name"})) is_person_ = event.text == "person";
    if (is_path(at, {"categories", ""}) && event.kind == JsonEvent::Kind::end_object) {
      if (is_person_) person_ids_.insert(category_);
      is_person_ = false;
    }
    return {};
  }

  Result<void> about_annotations(const JsonPath& at, const JsonEvent& event) {
    if (at.size() >= 3 && at[0] == "annotations" && at[1].empty()) {
      if (at[2] == "image_id") id_ = static_cast<long>(event.number);
      if (at[2] == "category_id") category_ = static_cast<long>(event.number);
      if (at[2] == "caption") caption_ = std::string(event.text);
      if (at[2] == "bbox" && event.kind == JsonEvent::Kind::number) box_.push_back(event.number);
    }
    if (!is_path(at, {"annotations", ""}) || event.kind != JsonEvent::Kind::end_object) return {};
    if (const auto photo = photos_.find(id_); photo != photos_.end()) {
      if (caption_) {
        ++photo->second.captions;
        photo->second.with_person += speaks_of_person(*caption_);
      } else {
        photo->second.annotated = true;
        const double area = box_.size() == 4 ? box_[2] * box_[3] : photo->second.area;
        if (person_ids_.contains(category_) && area >= kLeastShare * photo->second.area)
          photo->second.person = true;
      }
    }
    caption_.reset();
    box_.clear();
    id_ = category_ = -1;
    return {};
  }

  std::map<long, Photo> photos_;
  std::set<long> person_ids_;
  Photo photo_;
  long id_ = -1, category_ = -1;
  double width_ = 0;
  bool is_person_ = false;
  std::optional<std::string> caption_;
  std::vector<double> box_;
};

bool is_coco_file(const std::string& path) {
  const std::string start = start_of(path, 1 << 16);
  const size_t brace = start.find_first_not_of(" \t\r\n");
  if (brace == std::string::npos || start[brace] != '{') return false;
  const auto names = [&](const char* key) { return start.find(key) != std::string::npos; };
  return names("\"images\"") && (names("\"file_name\"") || names("\"annotations\""));
}

}  // namespace

bool is_images(const Source& source) { return !pictures_of(source).empty(); }

Result<void> import_images(const Source& source, const ImportOptions& options, FolderWriter& writer) {
  TADPOLE_TRY(const Manifest manifest, read_manifest(source));
  TADPOLE_TRY(const auto sides, read_sides(source, writer));
  const std::vector<std::string> files = pictures_of(source);
  for (size_t i = 0; i < files.size(); ++i) {
    writer.report("import pictures", static_cast<long>(i) + 1, static_cast<long>(files.size()));
    Place place{label_of(source, manifest, files[i], options), stem_of(files[i]),
                group_of(manifest, files[i]), Side::train, more_of(manifest, files[i])};
    if (const auto side = sides.find(files[i]); side != sides.end()) place.side = side->second;
    TADPOLE_CHECK(add_picture(source, files[i], place, writer));
  }
  return {};
}

bool is_image_set(const Source& source) {
  const auto sets = find_image_sets(source.root);
  return (!sets.ok() || !sets->empty()) &&
         std::any_of(source.files.begin(), source.files.end(), [](const std::string& file) {
           return file.find("ubyte") != std::string::npos || file.find("_batch") != std::string::npos;
         });
}

Result<void> import_image_set(const Source& source, const ImportOptions&, FolderWriter& writer) {
  TADPOLE_TRY(const std::vector<ImageSetFile> sets, find_image_sets(source.root));
  for (const ImageSetFile& set : sets) {
    if (source.single && set.images != source.files[0] && set.labels != source.files[0]) continue;
    std::map<std::string, long> labels;
    bool stopped = false;
    const auto take = [&](samples::Image&&, const std::string& label, size_t number) {
      ++labels[label];
      if (number % 1000 == 0) writer.report("check " + set.images, static_cast<long>(number), 0);
      stopped = writer.cancelled();
      return !stopped;
    };
    if (const auto read = read_image_set(source.root, set, take); !read.ok()) {
      TADPOLE_CHECK(writer.bad(set.images, read.error()));
      continue;
    }
    if (stopped) return Error{Code::cancelled, "the import was stopped"};
    TADPOLE_CHECK(writer.copy(source.path(set.images), set.images));
    if (!set.labels.empty()) TADPOLE_CHECK(writer.copy(source.path(set.labels), set.labels));
    for (const auto& [label, count] : labels) writer.count(label, count, set.test ? Side::test : Side::train);
  }
  std::error_code ignored;
  const std::string meta = source.path("batches.meta.txt");
  if (fs::exists(meta, ignored)) TADPOLE_CHECK(writer.copy(meta, "batches.meta.txt"));
  return {};
}

bool is_coco(const Source& source) {
  const auto files = source.with({".json"});
  return std::any_of(files.begin(), files.end(),
                     [&](const std::string& file) { return is_coco_file(source.path(file)); });
}

Result<void> import_coco(const Source& source, const ImportOptions&, FolderWriter& writer) {
  Coco coco;
  for (const std::string& file : source.with({".json"})) {
    if (is_coco_file(source.path(file))) TADPOLE_CHECK(coco.read(source, file));
  }
  // The pictures lie somewhere beside the annotations.
  TADPOLE_TRY(const Source around, source.single ? open_source(source.root) : Result<Source>(source));
  std::map<std::string, std::string> places;
  for (const std::string& file : pictures_of(around))
    places.emplace(fs::path(file).filename().string(), file);
  long done = 0, missing = 0;
  for (const auto& [id, photo] : coco.photos()) {
    writer.report("import pictures", ++done, static_cast<long>(coco.photos().size()));
    // Boxes decide; of captions, two of five have to speak of a person, or none.
    const bool person = photo.annotated ? photo.person : photo.with_person >= 2;
    if (!photo.annotated && (photo.captions == 0 || photo.with_person == 1)) continue;
    const auto file = places.find(fs::path(photo.file).filename().string());
    if (file == places.end()) {
      ++missing;
      continue;
    }
    TADPOLE_CHECK(add_picture(
        around, file->second,
        {person ? "person" : "no_person", stem_of(photo.file), "photo " + std::to_string(id), Side::train},
        writer));
  }
  if (missing > 0)
    writer.note(std::to_string(missing) + " annotated pictures are not there and were left out.");
  writer.note(
      "A person counts from 0.5 % of the picture's area on; pictures that only one caption calls a person's "
      "are left out.");
  return {};
}

}  // namespace tadpole::data
