#pragma once
// Nights of three sites, in one go and in units of work.

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/integration/nights.hpp"

namespace pitwatch::test {

/// Three small sites far apart, each with a year and a half of clear scenes; from about the 26th on there are alerts.
class ThreeSites {
 public:
  ThreeSites() {
    nlohmann::json features = nlohmann::json::array();
    for (std::size_t i = 0; i < names().size(); ++i) {
      const double west = 46.61 + 0.1 * static_cast<double>(i);
      const double south = 40.146;
      const nlohmann::json ring{
          {west, south}, {west + 0.007, south}, {west + 0.007, south + 0.006}, {west, south + 0.006}, {west, south}};
      features.push_back({{"type", "Feature"},
                          {"properties", {{"id", names()[i]}, {"name", names()[i]}}},
                          {"geometry", {{"type", "Polygon"}, {"coordinates", {ring}}}}});
    }
    write_text(sites(), nlohmann::json{{"type", "FeatureCollection"}, {"features", features}}.dump());
    const Outcome made = run_process({PITWATCH_PROGRAM,
                                      "simulate",
                                      "--sites",
                                      sites(),
                                      "--from",
                                      "2021-07-01",
                                      "--until",
                                      "2022-12-31",
                                      "--every-days",
                                      "10",
                                      "--history-days",
                                      "150",
                                      "--size-km",
                                      "1.2",
                                      "--clear-sky",
                                      "--bands",
                                      "B02,B03,B04,B08,B11,B12",
                                      "--seed",
                                      "7",
                                      "--out",
                                      folder_ / "series"});
    if (made.exit_code != 0) throw std::runtime_error(made.err);
  }
  static const std::vector<std::string>& names() {
    static const std::vector<std::string> of_sites{"east-1", "middle_2", "west-3"};
    return of_sites;
  }
  std::string sites() const { return folder_ / "sites.geojson"; }
  std::string scenes(const std::string& site) const { return folder_ / ("series/" + site); }

  /// Names of a site's scenes, by date.
  std::vector<std::string> scene_names(const std::string& site) const {
    std::vector<std::string> scenes_of_site;
    for (const std::string& name : names_in(scenes(site))) {
      if (name.rfind("S2", 0) == 0) scenes_of_site.push_back(name);
    }
    std::sort(scenes_of_site.begin(), scenes_of_site.end(),
              [](const std::string& a, const std::string& b) { return a.substr(10) < b.substr(10); });
    return scenes_of_site;
  }

 private:
  TemporaryFolder folder_;
};

/// Made once.
inline const ThreeSites& three_sites() {
  static const ThreeSites made;
  return made;
}

/// Their scenes delivered to an inbox, and states that are brought up to date with it.
class UnitNights {
 public:
  UnitNights() { std::filesystem::create_directories(inbox_); }

  std::string operator/(const std::string& name) const { return folder_ / name; }
  const std::string& inbox() const { return inbox_; }

  void deliver(const std::string& site, std::size_t first, std::size_t last) const {
    const std::vector<std::string> names = three_sites().scene_names(site);
    for (std::size_t i = first; i < std::min(last, names.size()); ++i) {
      std::filesystem::copy(three_sites().scenes(site) + "/" + names[i], inbox_ + "/" + names[i],
                            std::filesystem::copy_options::recursive);
    }
  }
  void deliver_to_all(std::size_t first, std::size_t last) const {
    for (const std::string& site : ThreeSites::names()) deliver(site, first, last);
  }

  std::vector<std::string> command(const std::string& name, const std::string& state,
                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{PITWATCH_PROGRAM, name,      "--sites", three_sites().sites(), "--source",
                                   inbox_,           "--state", state,     "--history-days",      "150"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Outcome run(const std::string& name, const std::string& state, const std::vector<std::string>& more = {}) const {
    return run_process(command(name, state, more));
  }
  Outcome unit(const std::string& state, const std::string& id) const { return run("run", state, {"--unit", id}); }

  /// The ids of the units that a plan has.
  static std::vector<std::string> units_of(const std::string& plan) {
    std::vector<std::string> ids;
    const std::vector<std::string> lines = lines_of(plan);
    for (std::size_t i = 1; i < lines.size(); ++i) ids.push_back(nlohmann::json::parse(lines[i]).at("unit"));
    return ids;
  }

  /// A night in units, the last one first. Returns the ids.
  std::vector<std::string> night_in_units(const std::string& state) const {
    const Outcome plan = run("plan", state);
    EXPECT_EQ(plan.exit_code, 0) << plan.err;
    std::vector<std::string> ids = units_of(plan.out);
    std::reverse(ids.begin(), ids.end());
    for (const std::string& id : ids) {
      const Outcome done = unit(state, id);
      EXPECT_EQ(done.exit_code, 0) << done.err;
    }
    const Outcome merged = run("merge", state);
    EXPECT_EQ(merged.exit_code, 0) << merged.err;
    return ids;
  }

 private:
  TemporaryFolder folder_;
  std::string inbox_ = folder_ / "inbox";
};

/// What lasts of a state, but for the plan and what its units left beside it.
inline Contents lasting_without_units(const std::string& state) {
  Contents contents = lasting_contents(state);
  std::erase_if(contents,
                [](const auto& file) { return file.first == "plan.jsonl" || file.first.starts_with("units/"); });
  return contents;
}

/// Every byte of a state but those of locks, which hold none.
inline Contents all_bytes(const std::string& state) {
  Contents contents;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(state)) {
    if (!entry.is_regular_file() || entry.path().filename().string().ends_with("lock")) continue;
    contents[std::filesystem::relative(entry.path(), state).string()] = read_text(entry.path().string());
  }
  return contents;
}

}  // namespace pitwatch::test
