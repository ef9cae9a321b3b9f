#pragma once
// Nights of one site, and what of two states must be the same however they came about.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "pipeline/register/register.hpp"
#include "tests/integration/process.hpp"

namespace pitwatch::test {

/// A new seed for each run, printed; PITWATCH_SEED repeats one.
inline std::uint32_t seed_of_run() {
  const char* const given = std::getenv("PITWATCH_SEED");
  const std::uint32_t seed = given != nullptr ? static_cast<std::uint32_t>(std::stoul(given)) : std::random_device{}();
  std::cout << "PITWATCH_SEED=" << seed << '\n';
  return seed;
}

/// Texts by name.
using Contents = std::map<std::string, std::string>;

/// Names of what is in one alone, or is another text.
inline std::vector<std::string> differences(const Contents& a, const Contents& b) {
  std::vector<std::string> names;
  for (const auto& [name, text] : a) {
    if (b.count(name) == 0) names.push_back(name + " is missing");
    if (b.count(name) != 0 && b.at(name) != text) names.push_back(name + " differs");
  }
  for (const auto& [name, text] : b) {
    if (a.count(name) == 0) names.push_back(name + " is one too many");
  }
  return names;
}

/// All of a register but its runs and the times at which it was written.
inline std::string lasting_rows(const std::string& target) {
  std::ostringstream rows;
  for (const OutlinedAlert& each : read_register(target).alerts) {
    const Alert& alert = each.alert;
    rows << alert.id << ' ' << name(alert.status) << ' ' << alert.area_ha << ' ' << alert.confidence << '\n';
  }
  for (const RegisteredEvent& event : read_history(target)) {
    rows << event.alert_id << ' ' << event.revision << ' ' << format_instant(event.at) << ' '
         << static_cast<int>(event.kind) << ' ' << static_cast<int>(event.change_class) << ' ' << event.area_ha << ' '
         << (event.status ? static_cast<int>(*event.status) : -1) << ' ' << event.confidence.value_or(-1);
    for (const auto& polygon : event.outline) rows << ' ' << polygon.outer.size();
    rows << '\n';
  }
  return rows.str();
}

/// What lasts of a state: its files, hidden ones too, but for locks and manifests; of the register its rows.
inline Contents lasting_contents(const std::string& state) {
  namespace fs = std::filesystem;
  Contents contents;
  for (const auto& entry : fs::recursive_directory_iterator(state)) {
    const std::string file = fs::relative(entry.path(), state).string();
    const bool is_manifest = file.starts_with("runs/") && (file.ends_with(".json") || file == "runs/HEAD");
    if (!entry.is_regular_file() || is_manifest || file == "lock" || file.ends_with(".lock")) continue;
    contents[file] = file == "register.gpkg" ? lasting_rows(entry.path().string()) : read_text(entry.path().string());
  }
  return contents;
}

/// A small site and a year and a half of clear scenes, 16 of them in its history; from about the 26th on there are
/// alerts.
class NightScenes {
 public:
  NightScenes() {
    write_text(sites(), R"({"type": "FeatureCollection", "features": [{"type": "Feature",
      "properties": {"id": "small", "name": "Small"}, "geometry": {"type": "Polygon", "coordinates":
      [[[46.610, 40.146], [46.617, 40.146], [46.617, 40.152], [46.610, 40.152], [46.610, 40.146]]]}}]})");
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
                                      "1.5",
                                      "--clear-sky",
                                      "--bands",
                                      "B02,B03,B04,B08,B11,B12",
                                      "--seed",
                                      "7",
                                      "--out",
                                      folder_ / "series"});
    if (made.exit_code != 0) throw std::runtime_error(made.err);
    for (const std::string& name : names_in(scenes())) {
      if (name.rfind("S2", 0) == 0) names_.push_back(name);
    }
    // By date: the third part of S2A_38TPK_20210706_0_L2A_small.
    std::sort(names_.begin(), names_.end(),
              [](const std::string& a, const std::string& b) { return a.substr(10) < b.substr(10); });
  }
  std::string sites() const { return folder_ / "site.geojson"; }
  std::string scenes() const { return folder_ / "series/small"; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  TemporaryFolder folder_;
  std::vector<std::string> names_;
};

/// Made once.
inline const NightScenes& night_scenes() {
  static const NightScenes made;
  return made;
}

/// Those scenes, delivered one by one to an inbox, and states that are run on it.
class Nights {
 public:
  Nights() { std::filesystem::create_directories(inbox_); }

  std::string operator/(const std::string& name) const { return folder_ / name; }
  const std::string& inbox() const { return inbox_; }
  std::string scene(std::size_t i) const { return inbox_ + "/" + night_scenes().names()[i]; }
  void deliver(std::size_t first, std::size_t last) const {
    for (std::size_t i = first; i < last; ++i) {
      std::filesystem::copy(night_scenes().scenes() + "/" + night_scenes().names()[i], scene(i),
                            std::filesystem::copy_options::recursive);
    }
  }

  std::vector<std::string> command(const std::string& state, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{PITWATCH_PROGRAM, "run", "--sites", night_scenes().sites(), "--source", inbox_,
                                   "--state",        state, "--quiet", "--history-days",       "150"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Outcome run(const std::string& state, const std::vector<std::string>& more = {}) const {
    return run_process(command(state, more));
  }

  static void copy(const std::string& from, const std::string& to) {
    std::filesystem::remove_all(to);
    if (std::filesystem::exists(from)) std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  }

 private:
  TemporaryFolder folder_;
  std::string inbox_ = folder_ / "inbox";
};

inline Outcome verify(const std::string& state, std::vector<std::string> more = {"--no-inputs"}) {
  more.insert(more.begin(), {PITWATCH_PROGRAM, "verify", state});
  return run_process(more);
}

inline std::set<std::string> published_ids(const std::string& state) {
  std::set<std::string> ids;
  if (!std::filesystem::exists(state + "/alerts.geojson")) return ids;
  const auto alerts = nlohmann::json::parse(read_text(state + "/alerts.geojson"));
  for (const auto& alert : alerts.at("features")) ids.insert(alert.at("id"));
  return ids;
}

inline std::set<std::string> registered_ids(const std::string& state) {
  std::set<std::string> ids;
  for (const OutlinedAlert& each : read_register(state + "/register.gpkg").alerts) ids.insert(each.alert.id);
  return ids;
}

}  // namespace pitwatch::test
