#include "pipeline/io/products/plain_images.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/inner_path.hpp"
#include "pipeline/io/products/image_names.hpp"
#include "pipeline/io/raster/raster_facts.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_images = 1000;  // of a folder

bool is_image_name(const fs::path& path) {
  const std::string extension = lower_ascii(path.extension().string());
  const std::string name = path.filename().string();
  return !name.empty() && name.front() != '.' && (extension == ".tif" || extension == ".tiff" || extension == ".jp2");
}

/// Where a band is read from.
struct Place {
  NamedBand what;
  std::string path;
  int number = 1;
};

/// Opens each file once.
class Headers {
 public:
  const RasterFacts& of(const std::string& path) {
    const auto [place, is_new] = known_.try_emplace(path);
    if (is_new) place->second = raster_facts(path);
    return place->second;
  }
  const std::map<std::string, RasterFacts>& all() const { return known_; }

 private:
  std::map<std::string, RasterFacts> known_;
};

struct Sibling {
  std::string path;
  BandInName name;
};

/// The images of a folder whose names tell a band, by name.
std::vector<Sibling> siblings_in(const fs::path& folder) {
  std::vector<Sibling> found;
  std::error_code error;
  std::size_t seen = 0;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code none;
    if (!is_image_name(entry->path()) || !entry->is_regular_file(none)) continue;
    if (++seen > most_images) throw DataError("more than " + std::to_string(most_images) + " images");
    std::optional<BandInName> name = band_in_name(entry->path().filename().string());
    if (name) found.push_back({entry->path().string(), *std::move(name)});
  }
  if (error) throw DataError("cannot list: " + error.message());
  std::sort(found.begin(), found.end(), [](const Sibling& a, const Sibling& b) { return a.path < b.path; });
  return found;
}

std::vector<Place> places_of(const std::vector<Sibling>& siblings) {
  std::vector<Place> places;
  for (const Sibling& one : siblings) {
    const auto same = [&](const Place& other) { return other.what.band == one.name.what.band; };
    const auto twice = std::find_if(places.begin(), places.end(), same);
    if (twice != places.end()) {
      throw DataError(std::string(name(one.name.what.band)) + " is said of " +
                      fs::path(twice->path).filename().string() + " and of " + fs::path(one.path).filename().string() +
                      ": choose by --bands " + std::string(name(one.name.what.band)) + "=FILE");
    }
    places.push_back({one.name.what, one.path, 1});
  }
  return places;
}

std::vector<Place> places_in_folder(const fs::path& folder) {
  const std::vector<Sibling> siblings = siblings_in(folder);
  if (siblings.empty()) throw DataError("no image whose name tells a band: say which is which by --bands B04=FILE,...");
  std::set<std::pair<std::string, std::string>> scenes;
  for (const Sibling& one : siblings) scenes.emplace(one.name.before, one.name.behind);
  if (scenes.size() > 1) {
    throw DataError("images of " + std::to_string(scenes.size()) + " scenes by their names: name one of the images, " +
                    "or the files by --bands B04=FILE,...");
  }
  return places_of(siblings);
}

/// Of a file of one band: those beside it whose names differ by the band alone.
std::vector<Place> places_beside(const fs::path& file) {
  const std::optional<BandInName> own = band_in_name(file.filename().string());
  if (!own) throw DataError("neither its name nor a description tells its band: --bands B04=1 does");
  std::vector<Sibling> siblings = siblings_in(file.has_parent_path() ? file.parent_path() : fs::path("."));
  std::erase_if(siblings,
                [&](const Sibling& one) { return one.name.before != own->before || one.name.behind != own->behind; });
  return places_of(siblings);
}

/// By the descriptions of the file's bands.
std::vector<Place> places_described(const std::string& path, const RasterFacts& facts) {
  std::vector<Place> places;
  for (std::size_t i = 0; i < facts.bands.size(); ++i) {
    const std::optional<NamedBand> what = named_band(facts.bands[i].description);
    if (!what) continue;
    const auto same = [&](const Place& other) { return other.what.band == what->band; };
    const auto twice = std::find_if(places.begin(), places.end(), same);
    if (twice != places.end() && twice->what.coding != what->coding) {
      // Earth Engine's images have QA60 beside SCL, which tells more.
      if (what->coding == PixelCoding::as_stored) *twice = {*what, path, static_cast<int>(i) + 1};
      continue;
    }
    if (twice != places.end()) {
      throw DataError("bands " + std::to_string(twice->number) + " and " + std::to_string(i + 1) +
                      " are both described as " + std::string(name(what->band)) + ": choose by --bands " +
                      std::string(name(what->band)) + "=NUMBER");
    }
    places.push_back({*what, path, static_cast<int>(i) + 1});
  }
  if (places.empty()) {
    throw DataError("nothing tells which of its " + std::to_string(facts.bands.size()) +
                    " bands is which: give --bands B02=1,B03=2,...");
  }
  return places;
}

/// Throws DataError where a file tells another band than the user.
void check_given(const Place& place, const RasterFacts& facts) {
  if (place.number > static_cast<int>(facts.bands.size())) {
    throw DataError("--bands " + std::string(name(place.what.band)) + "=" + std::to_string(place.number) + ": " +
                    fs::path(place.path).filename().string() + " has " + std::to_string(facts.bands.size()) + " bands");
  }
  const std::string& description = facts.bands[static_cast<std::size_t>(place.number) - 1].description;
  const std::optional<NamedBand> said = named_band(description);
  if (said && *said != place.what) {
    throw DataError("--bands says " + std::string(name(place.what.band)) + " of band " + std::to_string(place.number) +
                    ", the file says " + description);
  }
}

std::vector<Place> places_given(const std::string& reference, bool is_folder, const GivenFacts& given,
                                Headers& headers) {
  const fs::path parent = fs::path(reference).parent_path();
  const fs::path folder = is_folder ? fs::path(reference) : parent.empty() ? fs::path(".") : parent;
  std::vector<Place> places;
  for (const GivenBand& band : given.bands) {
    if (is_folder && band.file.empty()) {
      throw DataError("a folder: --bands names files of it (" + std::string(name(band.what.band)) + "=FILE)");
    }
    std::string path = reference;
    if (!band.file.empty()) {
      const std::optional<std::string> joined = path_inside(folder, band.file);
      if (!joined) throw DataError("--bands: " + band.file + " leads out of the folder");
      path = *joined;
    }
    places.push_back({band.what, path, band.number});
    check_given(places.back(), headers.of(path));
  }
  return places;
}

std::vector<Place> places_in(const std::string& reference, const GivenFacts& given, Headers& headers) {
  std::error_code none;
  const bool is_folder = fs::is_directory(reference, none);
  if (!given.bands.empty()) return places_given(reference, is_folder, given, headers);
  if (is_folder) return places_in_folder(reference);
  const RasterFacts& facts = headers.of(reference);
  if (facts.bands.size() > 1) return places_described(reference, facts);
  if (const auto what = named_band(facts.bands.front().description);
      what && !band_in_name(fs::path(reference).filename().string())) {
    return {{*what, reference, 1}};
  }
  return places_beside(reference);
}

// ---- what the numbers are ------------------------------------------------------------------------------------------

bool differ(double a, double b) { return std::abs(a - b) > 1e-6 * std::max(std::abs(a), std::abs(b)); }

/// What a number is, and who says so.
struct Unit {
  double scale = 1;
  double offset = 0;
  std::string rule;
};

Unit unit_of(const Place& place, const BandFacts& facts, const GivenFacts& given) {
  const std::string file = fs::path(place.path).filename().string();
  const bool is_said = facts.scale != 1 || facts.offset != 0;
  if (is_said && given.scale && differ(*given.scale, facts.scale)) {
    throw DataError("--scale " + shortest_text(*given.scale) + ", but " + file + " says " + shortest_text(facts.scale));
  }
  if (is_said && given.offset && differ(*given.offset, facts.offset)) {
    throw DataError("--offset " + shortest_text(*given.offset) + ", but " + file + " says " +
                    shortest_text(facts.offset));
  }
  if (is_said) return {facts.scale, facts.offset, "scale and offset of the file"};
  if (given.scale) return {*given.scale, given.offset.value_or(0), given.offset ? "--scale, --offset" : "--scale"};
  if (image_name_facts(file).is_browser_raw) {
    const double offset = given.offset.value_or(0);
    if (facts.type == "Byte") return {1.0 / 255, offset, "raw band of a browser, 8 bits"};
    if (facts.type == "UInt16") return {1.0 / 65535, offset, "raw band of a browser, 16 bits"};
    if (facts.type == "Float32") return {1, offset, "raw band of a browser, 32 bits"};
  }
  throw DataError("nothing says what the numbers of " + file +
                  " are: give --scale (0.0001 where 10000 is a reflectance of 1, 1 where 1 is)");
}

std::optional<double> nodata_of(const Place& place, const BandFacts& facts, const GivenFacts& given,
                                std::set<std::string>& assumptions) {
  const std::string file = fs::path(place.path).filename().string();
  if (facts.nodata && given.nodata && !(*facts.nodata == *given.nodata)) {
    throw DataError("--nodata " + shortest_text(*given.nodata) + ", but " + file + " says " +
                    shortest_text(*facts.nodata));
  }
  if (given.nodata) return given.nodata;
  if (facts.nodata) return facts.nodata;
  assumptions.insert("no file says what is no data: 0 is taken for it");
  return 0;
}

/// UInt16 stays as it is: its numbers are looked at for an offset that nobody declared.
BandAsset reflectance_of(const Place& place, const BandFacts& facts, const Unit& unit,
                         const std::optional<double>& nodata) {
  BandAsset asset;
  asset.path = place.path;
  asset.layer.number = place.number;
  if (facts.type == "UInt16") {
    asset.calibration.scale = static_cast<float>(unit.scale);
    asset.calibration.offset = static_cast<float>(unit.offset);
    const bool is_pixel = nodata && *nodata >= 0 && *nodata <= 65535 && *nodata == std::floor(*nodata);
    asset.calibration.nodata = is_pixel ? std::optional(static_cast<std::uint16_t>(*nodata)) : std::nullopt;
    return asset;
  }
  asset.calibration = reflectance_calibration;
  asset.layer.coding = PixelCoding::reflectance;
  asset.layer.scale = unit.scale;
  asset.layer.offset = unit.offset;
  asset.layer.nodata = nodata;
  return asset;
}

BandAsset mask_of(const Place& place) {
  BandAsset asset;
  asset.path = place.path;
  asset.calibration = {1, 0, std::nullopt, std::nullopt};
  asset.layer.number = place.number;
  asset.layer.coding = place.what.coding;
  return asset;
}

// ---- when ----------------------------------------------------------------------------------------------------------

Instant date_of(const ImageNameFacts& facts, const GivenFacts& given) {
  using std::chrono::days;
  const auto day_of = [](Instant instant) { return std::chrono::floor<days>(instant); };
  if (!given.date) {
    if (!facts.first)
      throw DataError("nothing says when it was acquired: give its date (--date, --before-date, --after-date)");
    if (*facts.first != *facts.last) {
      throw DataError("its name tells a period, " + format_day(*facts.first) + " to " + format_day(*facts.last) +
                      ": give its date (--date, --before-date, --after-date)");
    }
    return *facts.first;
  }
  if (!facts.first) return *given.date;
  const bool is_one = *facts.first == *facts.last;
  const bool fits = day_of(*given.date) >= day_of(*facts.first) && day_of(*given.date) <= day_of(*facts.last);
  const bool differs = is_one && !facts.is_day && !given.is_day && *given.date != *facts.first;
  if (!fits || differs) {
    throw DataError("the date given is " + format_instant(*given.date) + ", its name says " +
                    (is_one && !facts.is_day ? format_instant(*facts.first) : format_day(*facts.first)) +
                    (is_one ? "" : " to " + format_day(*facts.last)));
  }
  return given.is_day && is_one ? *facts.first : *given.date;
}

std::string when_of(const ImageNameFacts& facts) {
  const bool is_one = *facts.first == *facts.last;
  if (is_one && !facts.is_day) return format_instant(*facts.first);
  return format_day(*facts.first) + (is_one ? "" : " to " + format_day(*facts.last));
}

bool is_one_time(const ImageNameFacts& a, const ImageNameFacts& b) {
  using std::chrono::days;
  const auto day_of = [](Instant instant) { return std::chrono::floor<days>(instant); };
  if (!a.is_day && !b.is_day) return a.first == b.first && a.last == b.last;
  return day_of(*a.first) == day_of(*b.first) && day_of(*a.last) == day_of(*b.last);
}

/// What the names of all images say together. Throws DataError where two of them are of other times, tiles or levels.
ImageNameFacts facts_of_names(const std::vector<Place>& places) {
  ImageNameFacts all;
  std::string dated;
  std::string tiled;
  std::string levelled;
  for (const Place& place : places) {
    const std::string file = fs::path(place.path).filename().string();
    const ImageNameFacts own = image_name_facts(file);
    const auto refuse = [&](const std::string& other, const std::string& its, const std::string& here) {
      throw DataError("of two scenes by their names: " + other + " is of " + its + ", " + file + " of " + here);
    };
    if (own.first && all.first && !is_one_time(own, all)) refuse(dated, when_of(all), when_of(own));
    if (own.first && (!all.first || (all.is_day && !own.is_day))) {
      all.first = own.first;
      all.last = own.last;
      all.is_day = own.is_day;
      dated = file;
    }
    if (!own.tile.empty() && !all.tile.empty() && own.tile != all.tile) refuse(tiled, all.tile, own.tile);
    if (!own.tile.empty() && all.tile.empty()) {
      all.tile = own.tile;
      tiled = file;
    }
    if (!own.level.empty() && !all.level.empty() && own.level != all.level) refuse(levelled, all.level, own.level);
    if (!own.level.empty() && all.level.empty()) {
      all.level = own.level;
      levelled = file;
    }
    all.is_browser_raw = all.is_browser_raw || own.is_browser_raw;
  }
  return all;
}

/// "mine_L2A_20210610" of "mine_L2A_B04.tif": the name without its band, and the day, where it does not tell it.
std::string id_of(const std::string& reference, const std::string& first_image, Instant acquired) {
  std::error_code none;
  const bool is_folder = fs::is_directory(reference, none);
  fs::path path(reference);
  if (!path.has_filename()) path = path.parent_path();
  std::string id = is_folder ? path.filename().string() : path.stem().string();
  const std::optional<BandInName> band =
      is_folder ? band_in_name(fs::path(first_image).filename().string()) : band_in_name(path.filename().string());
  if (band && !(is_folder && band->before.empty())) {
    id = band->before;
    while (!id.empty() && (id.back() == '_' || id.back() == '-' || id.back() == '.')) id.pop_back();
  }
  if (id.empty() || id == ".") id = "image";
  const std::string day = format_day(acquired);
  std::string compact = day;
  std::erase(compact, '-');
  return id.find(day) == std::string::npos && id.find(compact) == std::string::npos ? id + "_" + compact : id;
}

ProductScene scene_of(const std::string& reference, const GivenFacts& given) {
  Headers headers;
  const std::vector<Place> places = places_in(reference, given, headers);
  const std::string first = places.front().path;
  const ImageNameFacts facts = facts_of_names(places);
  ProductScene read;
  Scene& scene = read.scene;
  scene.source = reference;
  scene.acquired = date_of(facts, given);
  scene.id = id_of(reference, first, scene.acquired);
  scene.level = facts.level;
  scene.tile = facts.tile;
  std::set<std::string> assumptions;
  std::set<std::string> rules;
  std::string record;
  for (const Place& place : places) {
    const BandFacts& band = headers.of(place.path).bands[static_cast<std::size_t>(place.number) - 1];
    record += fs::path(place.path).filename().string() + "\n" + std::to_string(place.number) + "\n" + band.type + "\n";
    if (!is_reflectance(place.what.band)) {
      scene.bands[place.what.band] = mask_of(place);
      continue;
    }
    const Unit unit = unit_of(place, band, given);
    rules.insert(unit.rule);
    scene.bands[place.what.band] = reflectance_of(place, band, unit, nodata_of(place, band, given, assumptions));
    record += shortest_text(unit.scale) + "\n" + shortest_text(unit.offset) + "\n";
  }
  for (const std::string& rule : rules) scene.offsets.rule += (scene.offsets.rule.empty() ? "" : "; ") + rule;
  if (facts.is_browser_raw && !given.scale) {
    assumptions.insert(
        "a browser's raw band by its name: 255 (8 bits), 65535 (16 bits) or 1 (32 bits) is a reflectance of 1");
  }
  scene.assumptions.assign(assumptions.begin(), assumptions.end());
  read.fingerprint = sha256_text(record + format_instant(scene.acquired));
  return read;
}

}  // namespace

bool is_plain_images(const std::string& reference) {
  std::error_code error;
  if (fs::is_regular_file(reference, error)) return is_image_name(reference);
  if (!fs::is_directory(reference, error)) return false;
  for (fs::directory_iterator entry(reference, error), end; !error && entry != end; entry.increment(error)) {
    if (is_image_name(entry->path())) return true;
  }
  return false;
}

ProductScene read_plain_images(const std::string& reference, const GivenFacts& given) {
  try {
    return scene_of(reference, given);
  } catch (const DataError& error) {
    const std::string reason = error.what();
    throw DataError(reason.starts_with(reference + ": ") ? reason : redacted(reference) + ": " + reason);
  } catch (const fs::filesystem_error& error) {
    throw DataError(reference + ": " + error.code().message());
  }
}

}  // namespace pitwatch
