// Two satellites that fly half a minute apart: one observation.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "tests/integration/nights.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::night_scenes;
using test::Nights;
using test::Outcome;

std::string with(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// Delivers what another satellite sees of a scene half a minute later: the same.
void deliver_by_another_satellite(const Nights& nights, std::size_t i) {
  const std::string name = night_scenes().names()[i];
  const std::string other = "S2C" + name.substr(3);
  const std::string folder = nights.inbox() + "/" + other;
  fs::copy(night_scenes().scenes() + "/" + name, folder, fs::copy_options::recursive);
  json item = json::parse(with(test::read_text(folder + "/" + name + ".json"), name.substr(0, 3), "S2C"));
  fs::remove(folder + "/" + name + ".json");
  json& properties = item.at("properties");
  const Instant acquired = parse_instant(properties.at("datetime").get<std::string>()) + std::chrono::seconds(30);
  properties["datetime"] = format_instant(acquired);
  properties["platform"] = "sentinel-2c";
  item["id"] = other;
  test::write_text(folder + "/" + other + ".json", item.dump());
}

/// What is told of each alert but the scenes that show it.
std::vector<std::string> told(const std::string& state) {
  std::vector<std::string> alerts;
  const json document = json::parse(test::read_text(state + "/alerts.geojson"));
  for (const json& alert : document.at("features")) {
    std::string text = alert.at("id");
    for (const char* const name : {"status", "class", "first_detected", "confirmed_on", "last_detected", "observations",
                                   "area_ha", "confidence"}) {
      text += " " + alert.at("properties").at(name).dump();
    }
    alerts.push_back(text);
  }
  return alerts;
}

TEST(OneSky, TwoSatellitesConfirmNothingThatOneDoesNot) {
  constexpr std::size_t scenes = 40;
  const Nights alone;
  alone.deliver(0, scenes);
  ASSERT_EQ(alone.run(alone / "state").exit_code, 0);
  const std::vector<std::string> expected = told(alone / "state");
  ASSERT_GE(expected.size(), 2U);

  const Nights both;
  both.deliver(0, scenes);
  for (std::size_t i = 0; i < scenes; ++i) deliver_by_another_satellite(both, i);
  const Outcome run = both.run(both / "state");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(told(both / "state"), expected);
}

}  // namespace
}  // namespace pitwatch
