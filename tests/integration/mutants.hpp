#pragma once
// Scenes that were changed at random after they were made, and what the program must do with them whatever they hold.

#include <gdal.h>
#include <gdal_utils.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/process.hpp"
#include "tests/unit/io/products/zip_support.hpp"

namespace pitwatch::test {

/// How a scene is stored, and what is done to it.
struct MutantKind {
  enum class Form { stac, safe, zip };
  enum class Change { bits, head_bits, cut, value, swap, replace, remove, end_bits, name, shift, resize, retype };
  std::string name;
  Form form;
  Change change;
  std::string extension;  // of the files that it is done to; empty: any
};

inline const std::vector<MutantKind>& mutant_kinds() {
  using Form = MutantKind::Form;
  using Change = MutantKind::Change;
  static const std::vector<MutantKind> kinds{
      {"TIFF, bits", Form::stac, Change::bits, ".tif"},
      {"TIFF, bits of its head", Form::stac, Change::head_bits, ".tif"},
      {"TIFF, cut off", Form::stac, Change::cut, ".tif"},
      {"TIFF, bands swapped", Form::stac, Change::swap, ".tif"},
      {"TIFF, elsewhere", Form::stac, Change::shift, ".tif"},
      {"TIFF, of another size", Form::stac, Change::resize, ".tif"},
      {"TIFF, of another type", Form::stac, Change::retype, ".tif"},
      {"STAC item, bits", Form::stac, Change::bits, ".json"},
      {"STAC item, a value", Form::stac, Change::value, ".json"},
      {"STAC item, cut off", Form::stac, Change::cut, ".json"},
      {"STAC scene, a file for another", Form::stac, Change::replace, ""},
      {"STAC scene, a file missing", Form::stac, Change::remove, ""},
      {"JPEG 2000, bits", Form::safe, Change::bits, ".jp2"},
      {"JPEG 2000, bits of its head", Form::safe, Change::head_bits, ".jp2"},
      {"JPEG 2000, cut off", Form::safe, Change::cut, ".jp2"},
      {"JPEG 2000, bands swapped", Form::safe, Change::swap, ".jp2"},
      {"XML, bits", Form::safe, Change::bits, ".xml"},
      {"XML, a value", Form::safe, Change::value, ".xml"},
      {"XML, cut off", Form::safe, Change::cut, ".xml"},
      {"SAFE product, a file for another", Form::safe, Change::replace, ""},
      {"SAFE product, a file missing", Form::safe, Change::remove, ""},
      {"zip, bits", Form::zip, Change::bits, ".zip"},
      {"zip, bits of its directory", Form::zip, Change::end_bits, ".zip"},
      {"zip, cut off", Form::zip, Change::cut, ".zip"},
      {"zip, a name within", Form::zip, Change::name, ".zip"},
  };
  return kinds;
}

/// Scenes of one site of 64 pixels a side: a year of them as items, the last as a product, too, and changed copies of
/// that last one; and a state that has taken in all before it.
class MutantMaker {
 public:
  MutantMaker() {
    GDALAllRegister();
    write_text(sites(),
               R"({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "pit"},
                   "geometry": {"type": "Polygon", "coordinates":
                     [[[45.798, 40.608], [45.802, 40.608], [45.802, 40.612], [45.798, 40.612], [45.798, 40.608]]]}}]})");
    simulate("stac", "2021-07-10", 20);
    const std::vector<std::string> scenes = scenes_in("stac");
    after_["stac"] = scenes.back();
    before_ = item_of(scenes.front());
    simulate("safe", day_of(scenes.back()), 365);
    after_["safe"] = scenes_in("safe").front();
    std::filesystem::create_directory(seeds_ / "inbox");
    for (std::size_t i = 0; i + 1 < scenes.size(); ++i) {
      std::filesystem::rename(scenes[i], seeds_ / "inbox/" + std::filesystem::path(scenes[i]).filename().string());
    }
    before_ = item_of(seeds_ / "inbox/" + std::filesystem::path(scenes.front()).filename().string());
    const Outcome run = run_process(run_command(seeds_ / "inbox", state()));
    if (run.exit_code != 0) throw std::runtime_error("run: " + run.err);
  }

  std::string sites() const { return seeds_ / "site.geojson"; }
  /// That has taken in all but the last scene.
  std::string state() const { return seeds_ / "state"; }
  std::vector<std::string> run_command(const std::string& source, const std::string& state) const {
    return {PITWATCH_PROGRAM, "run", "--sites",  sites(),  "--source",       source, "--state",    state, "--quiet",
            "--threads",      "2",   "--memory", "512MiB", "--history-days", "220",  "--buffer-m", "60"};
  }
  const std::string& before() const { return before_; }

  /// The later scene as it was made.
  std::string intact(MutantKind::Form form, const std::string& folder) const {
    const std::filesystem::path from = after_.at(form == MutantKind::Form::stac ? "stac" : "safe");
    const std::string copy = folder + "/" + from.filename().string();
    if (form == MutantKind::Form::zip) {
      const std::string archive = folder + "/" + from.stem().string() + ".zip";
      write_text(archive, zip_of(members_of(from.string(), from.filename().string() + "/")));
      return archive;
    }
    std::filesystem::copy(from, copy, std::filesystem::copy_options::recursive);
    return form == MutantKind::Form::stac ? copy + "/" + from.filename().string() + ".json" : copy;
  }

  /// One that was changed by a random choice, in a folder that is empty. Gives the reference for the program.
  std::string mutant(const MutantKind& kind, std::uint32_t seed, const std::string& folder) const {
    const std::string reference = intact(kind.form, folder);
    std::mt19937 random(seed);
    std::vector<std::string> files;
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file()) continue;
      all.push_back(entry.path().string());
      if (kind.extension.empty() || entry.path().extension() == kind.extension) files.push_back(all.back());
    }
    std::sort(files.begin(), files.end());
    std::sort(all.begin(), all.end());
    change(kind.change, files, all, random);
    const auto rested = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
    for (const std::string& file : all) {
      if (std::filesystem::exists(file)) std::filesystem::last_write_time(file, rested);
    }
    std::filesystem::last_write_time(std::filesystem::is_directory(reference) ? reference : folder, rested);
    return reference;
  }

 private:
  using Random = std::mt19937;

  void simulate(const std::string& form, const std::string& from, int every_days) const {
    const Outcome made = run_process({PITWATCH_PROGRAM,
                                      "simulate",
                                      "--sites",
                                      sites(),
                                      "--from",
                                      from,
                                      "--to",
                                      "2022-07-10",
                                      "--every-days",
                                      std::to_string(every_days),
                                      "--history-days",
                                      form == "stac" ? "220" : "0",
                                      "--clear-sky",
                                      "--bands",
                                      "B02,B03,B04,B08,B11,B12",
                                      "--size-km",
                                      "0.64",
                                      "--seed",
                                      "7",
                                      "--as",
                                      form,
                                      "--out",
                                      seeds_ / form});
    if (made.exit_code != 0) throw std::runtime_error("simulate: " + made.err);
  }

  /// By date.
  std::vector<std::string> scenes_in(const std::string& form) const {
    std::vector<std::string> scenes;
    for (const std::string& name : names_in(seeds_ / form + "/pit")) {
      if (name[0] == 'S') scenes.push_back(seeds_ / form + "/pit/" + name);
    }
    std::sort(scenes.begin(), scenes.end(),
              [](const std::string& a, const std::string& b) { return day_of(a) < day_of(b); });
    return scenes;
  }
  static std::string item_of(const std::string& scene) {
    return scene + "/" + std::filesystem::path(scene).filename().string() + ".json";
  }
  /// "2022-07-05" of S2A_38TPK_20220705_0_L2A_pit and S2A_MSIL2A_20220705T...
  static std::string day_of(const std::string& scene) {
    const std::string name = std::filesystem::path(scene).filename().string();
    const std::size_t at = name.find("_202") + 1;
    return name.substr(at, 4) + "-" + name.substr(at + 4, 2) + "-" + name.substr(at + 6, 2);
  }

  static std::size_t below(std::size_t count, Random& random) { return random() % count; }

  static void flip(std::string& bytes, std::size_t from, std::size_t count, Random& random) {
    const std::size_t flips = std::size_t{1} << below(6, random);
    for (std::size_t i = 0; i < flips && count > 0; ++i) {
      char& byte = bytes[from + below(count, random)];
      byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << below(8, random)));
    }
  }

  /// The places of values in JSON or XML: what stands between quotes or tags, and numbers.
  static std::vector<std::pair<std::size_t, std::size_t>> values_in(const std::string& text) {
    constexpr std::string_view number = "+-.0123456789eE";
    std::vector<std::pair<std::size_t, std::size_t>> values;
    for (std::size_t at = 0; at < text.size(); ++at) {
      std::size_t end = at;
      if (text[at] == '"') {
        end = text.find('"', at + 1);
        if (end != std::string::npos) values.emplace_back(at + 1, end - at - 1);
      } else if (text[at] == '>') {
        end = text.find('<', at);
        if (end != std::string::npos) values.emplace_back(at + 1, end - at - 1);
        end = at;
      } else if (text[at] >= '0' && text[at] <= '9') {
        end = std::min(text.find_first_not_of(number, at), text.size());
        values.emplace_back(at, end - at);
      }
      if (end == std::string::npos) break;
      at = end;
    }
    return values;
  }

  static void put_value(std::string& text, Random& random) {
    static const std::array<std::string, 20> odd{"null",
                                                 "-1",
                                                 "0",
                                                 "1e308",
                                                 "99999999999999999999",
                                                 "[]",
                                                 "{}",
                                                 "",
                                                 "nan",
                                                 "../../../../etc/passwd",
                                                 "/vsicurl/http://127.0.0.1:9/a.tif",
                                                 "http://127.0.0.1:9/a.tif",
                                                 "true",
                                                 "\\u0000",
                                                 "<a>",
                                                 "&b;",
                                                 "EPSG:4326",
                                                 "\xff\xfe",
                                                 "2022-02-31T25:61:61Z",
                                                 std::string(5000, 'x')};
    const auto values = values_in(text);
    const auto [place, size] = values[below(values.size(), random)];
    text.replace(place, size, odd[below(odd.size(), random)]);
  }

  /// A name of the directory or of a member's own header, for one as long.
  static void put_name(std::string& bytes, Random& random) {
    std::vector<std::size_t> places;
    for (std::size_t at = bytes.find(".SAFE/"); at != std::string::npos; at = bytes.find(".SAFE/", at + 1)) {
      places.push_back(at);
    }
    static const std::array<std::string_view, 5> odd{"/../..", ".SAFE\\", "/././.", std::string_view("\0SAFE/", 6),
                                                     "//////"};
    bytes.replace(places[below(places.size(), random)], 6, odd[below(odd.size(), random)]);
  }

  /// Writes a raster anew with options of gdal_translate.
  static void translate(const std::string& file, const std::vector<std::string>& options) {
    std::vector<char*> arguments;
    std::vector<std::string> words = options;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    GDALTranslateOptions* const parsed = GDALTranslateOptionsNew(arguments.data(), nullptr);
    const std::string other = file + ".new.tif";
    GDALDatasetH from = GDALOpen(file.c_str(), GA_ReadOnly);
    int failed = 0;
    GDALDatasetH to = GDALTranslate(other.c_str(), from, parsed, &failed);
    GDALTranslateOptionsFree(parsed);
    if (to == nullptr) throw std::runtime_error("cannot translate " + file);
    GDALClose(to);
    GDALClose(from);
    std::filesystem::rename(other, file);
  }

  /// Moves it by some pixels, or by parts of one.
  static void shift(const std::string& file, Random& random) {
    GDALDatasetH raster = GDALOpen(file.c_str(), GA_ReadOnly);
    std::array<double, 6> place{};
    GDALGetGeoTransform(raster, place.data());
    const int width = GDALGetRasterXSize(raster);
    const int height = GDALGetRasterYSize(raster);
    GDALClose(raster);
    static const std::array<double, 8> steps{-100, -20, -7.5, -1, 1, 3, 20, 400};  // metres
    const double left = place[0] + steps[below(steps.size(), random)];
    const double top = place[3] + steps[below(steps.size(), random)];
    translate(file, {"-a_ullr", std::to_string(left), std::to_string(top), std::to_string(left + place[1] * width),
                     std::to_string(top + place[5] * height)});
  }

  /// Cuts some of it off, or puts something around it.
  static void resize(const std::string& file, Random& random) {
    GDALDatasetH raster = GDALOpen(file.c_str(), GA_ReadOnly);
    const int width = GDALGetRasterXSize(raster);
    const int height = GDALGetRasterYSize(raster);
    GDALClose(raster);
    const auto some = [&](int most) {
      return static_cast<int>(below(static_cast<std::size_t>(2 * most + 1), random)) - most;
    };
    const int x = some(3);
    const int y = some(3);
    const int right = std::max(x + 1, width + some(width / 4));
    const int bottom = std::max(y + 1, height + some(height / 4));
    translate(file,
              {"-srcwin", std::to_string(x), std::to_string(y), std::to_string(right - x), std::to_string(bottom - y)});
  }

  static void retype(const std::string& file, Random& random) {
    static const std::array<std::string, 6> types{"Byte", "Int16", "UInt32", "Int32", "Float32", "Float64"};
    translate(file, {"-ot", types[below(types.size(), random)]});
  }

  static void change(MutantKind::Change change, const std::vector<std::string>& files,
                     const std::vector<std::string>& all, Random& random) {
    using Change = MutantKind::Change;
    const std::string& file = files[below(files.size(), random)];
    std::string bytes = read_text(file);
    const std::size_t part = std::min<std::size_t>(bytes.size(), 400);
    switch (change) {
      case Change::bits:
        flip(bytes, 0, bytes.size(), random);
        break;
      case Change::head_bits:
        flip(bytes, 0, part, random);
        break;
      case Change::end_bits:
        flip(bytes, bytes.size() - part, part, random);
        break;
      case Change::cut:
        bytes.resize(below(bytes.size(), random));
        break;
      case Change::value:
        put_value(bytes, random);
        break;
      case Change::name:
        put_name(bytes, random);
        break;
      case Change::swap:
      case Change::replace: {
        const std::string& other = (change == Change::swap ? files : all)[below(files.size(), random)];
        const std::string others = read_text(other);
        if (change == Change::swap) write_text(other, bytes);
        bytes = others;
        break;
      }
      case Change::remove:
        std::filesystem::remove(file);
        return;
      case Change::shift:
        shift(file, random);
        return;
      case Change::resize:
        resize(file, random);
        return;
      case Change::retype:
        retype(file, random);
        return;
    }
    write_text(file, bytes);
  }

  TemporaryFolder seeds_;
  std::string before_;
  std::map<std::string, std::string> after_;
};

/// How many of a kind were read to the end, and how many refused, by each command.
struct MutantCount {
  int compared = 0;
  int refused = 0;
  int listed = 0;
  int rejected = 0;
  int taken_in = 0;
  int superseded = 0;
};

inline Outcome run_bounded(std::vector<std::string> command) {
  Invocation run{std::move(command), {}, {}, {}};
  run.time_limit = std::chrono::seconds(60);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // these reserve terabytes
  run.most_address_bytes = rlim_t{4} << 30;
#endif
  return run_process(run);
}

/// Gives one mutant to `scenes`, `compare` and `run`: each ends by itself with an exit code for it, within a minute and
/// bounded memory; a refusal names a file of the scene and a reason and leaves no output; what is not listed is not
/// compared either, and neither it nor what is skipped changes an alert.
inline void expect_safe(const MutantMaker& maker, const MutantKind& kind, std::uint32_t seed, MutantCount& count) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "scene");
  const std::string reference = maker.mutant(kind, seed, folder / "scene");
  SCOPED_TRACE(kind.name + ", seed " + std::to_string(seed));
  constexpr std::int64_t most_memory_bytes = std::int64_t{1} << 30;
  const auto expect_ended = [&](const Outcome& outcome) {
    EXPECT_TRUE(outcome.exit_code == 0 || outcome.exit_code == 2 || outcome.exit_code == 3 || outcome.exit_code == 4)
        << outcome.exit_code << ": " << outcome.err;
    EXPECT_LE(outcome.peak_memory_bytes, most_memory_bytes);
  };
  const auto names_scene = [&](const std::string& text) { return text.find(folder / "scene/") != std::string::npos; };

  const Outcome listed = run_bounded({PITWATCH_PROGRAM, "scenes", folder / "scene", "--json"});
  expect_ended(listed);
  bool is_listed = false;
  if (listed.exit_code == 0) {
    const nlohmann::json listing = nlohmann::json::parse(listed.out);
    is_listed = !listing.at("scenes").empty();
    for (const auto& rejected : listing.at("rejected")) {
      EXPECT_TRUE(names_scene(rejected.at("path").get<std::string>())) << rejected;
      EXPECT_FALSE(rejected.at("reason").get<std::string>().empty());
    }
  }
  ++(is_listed ? count.listed : count.rejected);

  const Outcome compared = run_bounded({PITWATCH_PROGRAM, "compare", maker.before(), reference, "--out", folder / "out",
                                        "--quiet", "--threads", "2", "--memory", "512MiB"});
  expect_ended(compared);
  ++(compared.exit_code == 0 ? count.compared : count.refused);
  if (compared.exit_code == 0) {
    EXPECT_TRUE(is_listed) << "compared, but not listed: " << listed.out;
    EXPECT_TRUE(nlohmann::json::accept(read_text(folder / "out/alerts.geojson")));
  } else {
    EXPECT_TRUE(names_scene(compared.err)) << compared.err;
    EXPECT_EQ(lines_of(compared.err).size(), 1U) << compared.err;
    EXPECT_FALSE(std::filesystem::exists(folder / "out/alerts.geojson"));
  }

  const std::string state = folder / "state";
  std::filesystem::copy(maker.state(), state, std::filesystem::copy_options::recursive);
  const Outcome run = run_bounded(maker.run_command(folder / "scene", state));
  expect_ended(run);
  const bool is_taken_in = run.exit_code == 0;
  ++(is_taken_in ? count.taken_in : count.superseded);
  if (is_taken_in) {
    EXPECT_TRUE(is_listed) << "taken in, but not listed: " << listed.out;
  } else {
    EXPECT_TRUE(names_scene(run.err) || run.err.find(folder / "scene:") != std::string::npos) << run.err;
    EXPECT_EQ(read_text(state + "/alerts.geojson"), read_text(maker.state() + "/alerts.geojson")) << run.err;
  }
}

}  // namespace pitwatch::test
