// Manifests: what is written is read, and what nobody writes is refused.

#include "pipeline/record/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "pipeline/core/error.hpp"
#include "tests/unit/record/support.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;
using test::instant;
using test::message_of;
using ::testing::HasSubstr;

const std::string some_hash(64, 'a');

/// One with something in every member.
Manifest full_manifest() {
  test::MadeUpState state;
  Manifest manifest = state.next_night();
  manifest.previous = ManifestReference{"20221130T030501.123Z.json", some_hash};
  manifest.head_before = "20221130T030501.123Z.json";
  manifest.sites[0].learning = true;
  manifest.sites[0].learn_until = instant("2023-01-01T00:00:00Z");
  manifest.sites[0].is_watched = false;
  manifest.sites[0].last_error = "B04: cannot be read";
  manifest.acquisitions[0].products[0].view = ViewAngles{3.5, 101};
  manifest.acquisitions[0].products[0].datatake = "GS2A_20200302T102021_024515";
  manifest.acquisitions.push_back(manifest.acquisitions[0]);
  manifest.acquisitions[1].use = AcquisitionUse::skipped;
  manifest.acquisitions[1].reason = "offsets contradict the pixels";
  manifest.acquisitions[1].valid_share = std::nullopt;
  manifest.inputs.push_back({"/vsizip//data/a.zip/B08.jp2", 4096, {{0, 16}, {512, 64}}, some_hash, false, {}});
  manifest.inputs.push_back({"https://example.org/a/B02.tif", 77, {{0, 77}}, "", true, {}});
  manifest.missing = {{"pit", instant("2022-11-02T07:31:00Z"), "S2A_1", MissingWhat::newer_edition, manifest.started},
                      {"pit", instant("2022-11-12T07:31:00Z"), "S2A_2", MissingWhat::gone, manifest.started}};
  manifest.notices = {{"S2A_3", "no B04", manifest.started}};
  manifest.outputs.push_back({"/srv/register.gpkg", 12, some_hash});
  manifest.chips = {{"chips/pit/PW-1/before.tif", 7, some_hash, ""}, {"chips/pit/PW-1/seen_1.tif", 0, "", some_hash}};
  manifest.pruned = {{"sites/pit/looks-24.state", 9, some_hash}};
  manifest.review =
      ReviewMade{"PW-54", Verdict::licensed, "A. Name", "permit 7", manifest.started, manifest.ended, "an"};
  manifest.alert_register->tables = {{"alerts", {3, some_hash}}, {"reviews", {1, some_hash}}};
  manifest.exit_code = 4;
  manifest.message = "one scene skipped: \"S2A_3\"\nsee above \xC3\xA9";
  return manifest;
}

json full_json() { return json::parse(manifest_text(full_manifest())); }

/// The message with which a manifest with one change is refused.
std::string refusal(const std::string& pointer, const json& value) {
  json object = full_json();
  object[json::json_pointer(pointer)] = value;
  return message_of<DataError>([&] { static_cast<void>(parse_manifest(object.dump())); });
}

TEST(Manifest, ReadsWhatIsWritten) {
  const Manifest manifest = full_manifest();
  const std::string text = manifest_text(manifest);
  const Manifest back = parse_manifest(text);
  EXPECT_EQ(manifest_text(back), text);
  EXPECT_EQ(back.started, manifest.started);
  EXPECT_EQ(back.message, manifest.message);
  EXPECT_EQ(back.previous, manifest.previous);
  EXPECT_EQ(back.inputs, manifest.inputs);
  EXPECT_EQ(back.outputs, manifest.outputs);
  EXPECT_EQ(back.chips, manifest.chips);
  EXPECT_EQ(back.pruned, manifest.pruned);
  EXPECT_EQ(back.options, manifest.options);
  EXPECT_EQ(back.sites[0].checkpoints, manifest.sites[0].checkpoints);
  EXPECT_EQ(back.acquisitions[0].products[0].offsets, manifest.acquisitions[0].products[0].offsets);
  EXPECT_EQ(back.acquisitions[1].valid_share, std::nullopt);
  EXPECT_EQ(back.alert_register->alerts, manifest.alert_register->alerts);
  EXPECT_EQ(back.alert_register->tables, manifest.alert_register->tables);
  EXPECT_EQ(back.review->verdict, Verdict::licensed);
}

TEST(Manifest, IsTextForPeopleToo) {
  const std::string text = manifest_text(full_manifest());
  EXPECT_TRUE(
      text.starts_with("{\n  \"format\": 1,\n  \"command\": \"run\",\n  \"started\": \"2022-12-02T03:05:01.123Z\""));
  EXPECT_TRUE(text.ends_with("}\n"));
}

TEST(Manifest, HasAnAcquisitionALineAndAnInputALine) {
  const std::string text = manifest_text(full_manifest());
  std::size_t acquisitions = 0;
  std::size_t inputs = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    acquisitions += line.starts_with("    {\"site\":\"pit\",\"pane\":") ? 1U : 0U;
    inputs += line.starts_with("    {\"path\":") && line.find("\"read\":") != std::string::npos ? 1U : 0U;
  }
  EXPECT_EQ(acquisitions, full_manifest().acquisitions.size());
  EXPECT_EQ(inputs, full_manifest().inputs.size());
}

TEST(Manifest, IsAPartOnlyWhereItSaysSo) {
  EXPECT_FALSE(full_json().contains("part"));
  EXPECT_EQ(parse_manifest(full_json().dump()).part, 0);
  Manifest manifest = full_manifest();
  manifest.part = 3;
  const std::string text = manifest_text(manifest);
  EXPECT_EQ(parse_manifest(text).part, 3);
  EXPECT_EQ(manifest_text(parse_manifest(text)), text);
  EXPECT_THAT(refusal("/part", -1), HasSubstr("'part'"));
}

TEST(Manifest, OfVersionsWithoutChipsIsReadToo) {
  json object = full_json();
  object.erase("chips");
  EXPECT_TRUE(parse_manifest(object.dump()).chips.empty());
}

TEST(Manifest, EmptyOneIsReadToo) {
  const std::string text = manifest_text(Manifest{});
  EXPECT_EQ(manifest_text(parse_manifest(text)), text);
}

TEST(Manifest, TextsOfAnyBytesAreWrittenSuchThatTheyAreRead) {
  Manifest manifest;
  manifest.message = std::string("a\0b\xff\xfe\x1b[31m\n", 11) + std::string(200000, '\xC3');
  manifest.options = {{std::string("\0lines", 6), "\\u0000lines"}};
  manifest.source = "\"\\u0000lines\"";
  manifest.notices = {{std::string(70000, 'x'), std::string(1, '\0'), {}}};
  const Manifest back = parse_manifest(manifest_text(manifest));
  EXPECT_EQ(back.notices[0].what.size(), 64U << 10);
  EXPECT_EQ(back.notices[0].why, " ");
  EXPECT_EQ(back.source, manifest.source);
  EXPECT_EQ(back.options, (NamedTexts{{" lines", "\\u0000lines"}}));
  EXPECT_THAT(back.message, HasSubstr("a b\xEF\xBF\xBD"));
}

TEST(Manifest, DoesNotWriteWhatItWouldNotRead) {
  const auto refused = [](const auto& spoil) {
    Manifest manifest = full_manifest();
    spoil(manifest);
    EXPECT_THROW(static_cast<void>(manifest_text(manifest)), std::invalid_argument);
  };
  refused([](Manifest& m) { m.outputs[0].path = "../alerts.geojson"; });
  refused([](Manifest& m) { m.outputs[0].sha256 = "A"; });
  refused([](Manifest& m) { m.sites[0].acquisitions = -1; });
  refused([](Manifest& m) { m.acquisitions[0].cloud_share = 1.01; });
  refused(
      [](Manifest& m) { m.acquisitions[0].products[0].offsets[0].scale = std::numeric_limits<double>::quiet_NaN(); });
}

TEST(Manifest, PassesOverMembersThatItDoesNotKnow) {
  const std::string text = manifest_text(full_manifest());
  json object = json::parse(text);
  object["weather"] = {{"of", {1, 2, 3}}};
  object["sites"][0]["colour"] = "red";
  EXPECT_EQ(manifest_text(parse_manifest(object.dump())), text);
}

TEST(Manifest, RefusesANewerFormat) {
  EXPECT_EQ(refusal("/format", 2), "is of format 2, and this program reads up to 1: a newer pitwatch wrote it");
  EXPECT_THAT(refusal("/format", 0), HasSubstr("'format'"));
  EXPECT_THAT(refusal("/format", "1"), HasSubstr("'format'"));
}

TEST(Manifest, RefusesEachMemberThatIsNotWhatItShouldBe) {
  const std::vector<std::pair<std::string, json>> spoilt{
      {"/started", "yesterday"},
      {"/ended", 7},
      {"/exit_code", 256},
      {"/exit_code", -1},
      {"/exit_code", 1.5},
      {"/message", nullptr},
      {"/message", std::string("a\0b", 3)},
      {"/previous", "20221130T030501.123Z.json"},
      {"/previous/sha256", std::string(64, 'A')},
      {"/previous/sha256", std::string(63, 'a')},
      {"/program", nullptr},
      {"/options", json::array({1})},
      {"/options/source", 1},
      {"/sites", json::object()},
      {"/sites/0", 1},
      {"/sites/0/looks", 2'000'000'000},
      {"/sites/0/looks", -1},
      {"/sites/0/learning", "no"},
      {"/sites/0/checkpoints/0/path", "sites/../../x"},
      {"/acquisitions/0/use", "eaten"},
      {"/acquisitions/0/cloud_share", 1.5},
      {"/acquisitions/0/products/0/sun/zenith", "high"},
      {"/acquisitions/0/products/0/offsets/0/scale", nullptr},
      {"/acquisitions/0/products/0/files/0", std::string("/a\0b", 4)},
      {"/acquisitions/0/products/0/fingerprint", "none"},
      {"/inputs/0/read", json::array({json::array({0, 1 << 20})})},
      {"/inputs/0/path", ""},
      {"/inputs/0/path", std::string("/a\0b", 4)},
      {"/inputs/0/sha256", "none"},
      {"/missing/0/what", "lost"},
      {"/chips/0/path", "../a"},
      {"/chips/0/sha256", "A"},
      {"/outputs/0/path", "/a//b"},
      {"/outputs/0/path", ""},
      {"/outputs/0/path", 3},
      {"/outputs/0/size", -1},
      {"/outputs/0/size", 18446744073709551615U},
      {"/outputs/0/sha256", nullptr},
      {"/register/alerts/confirmed", "two"},
      {"/register/sha256", 0},
      {"/review/verdict", "maybe"},
  };
  for (const auto& [pointer, value] : spoilt) {
    SCOPED_TRACE(pointer + " " + value.dump());
    EXPECT_FALSE(refusal(pointer, value).empty());
  }
  EXPECT_EQ(refusal("/outputs/1/path", "a/./b"), "outputs[1]: 'path' is no path within the state");
}

TEST(Manifest, RefusesOneWithoutAMember) {
  const json object = full_json();
  for (const auto& [member, value] : object.items()) {
    if (member == "chips" || member == "pruned") continue;  // manifests of former versions have none
    json without = object;
    without.erase(member);
    EXPECT_EQ(message_of<DataError>([&] { static_cast<void>(parse_manifest(without.dump())); }),
              "'" + member + "' is missing");
  }
}

TEST(Manifest, RefusesWhatIsNoManifest) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("\xff"), std::string(100000, '['),
        manifest_text({}).substr(0, 500), manifest_text({}) + "x"}) {
    EXPECT_THROW(static_cast<void>(parse_manifest(text)), DataError);
  }
}

TEST(OutputPath, StaysInTheStateOrIsAbsolute) {
  for (const char* const path : {"alerts.geojson", "sites/a/b.state", "/srv/register.gpkg", "..a/b", "a b"}) {
    EXPECT_TRUE(is_output_path(path)) << path;
  }
  for (const char* const path : {"", "/", ".", "..", "../a", "a/..", "a//b", "a/", "/../a", "/a/./b"}) {
    EXPECT_FALSE(is_output_path(path)) << path;
  }
}

}  // namespace
}  // namespace pitwatch
