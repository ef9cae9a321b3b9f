#include "pipeline/dossier/evidence_bundle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Members = std::vector<ZipMember>;

constexpr const char* alert_text = R"({"type": "FeatureCollection", "features": [{"type": "Feature", "id": "PW-1",
  "properties": {"site": "north"}}]})";

Manifest manifest_of(const std::string& started, const std::optional<ManifestReference>& previous) {
  Manifest manifest;
  manifest.started = parse_instant(started);
  manifest.ended = manifest.started;
  manifest.command = "run";
  manifest.previous = previous;
  return manifest;
}

/// A bundle of two manifests, of which the newer vouches for a picture, as it should be.
Members good_members() {
  const std::string first_name = "20220701T000000.000Z.json";
  const std::string first = manifest_text(manifest_of("2022-07-01", {}));
  Manifest second = manifest_of("2022-07-02", ManifestReference{first_name, sha256_text(first)});
  const std::string picture = "a picture";
  second.chips = {{"chips/north/PW-1/before.tif", picture.size(), sha256_text(picture), ""},
                  {"chips/south/PW-2/before.tif", 5, std::string(64, 'a'), ""}};
  const std::string second_name = "20220702T000000.000Z.json";
  const std::string second_text = manifest_text(second);
  return {{"alert.geojson", alert_text},
          {"chain.csv", "name,sha256,previous\n" + first_name + "," + sha256_text(first) + ",\n" + second_name + "," +
                            sha256_text(second_text) + "," + sha256_text(first) + "\n"},
          {"state/chips/north/PW-1/before.tif", picture},
          {"state/runs/" + first_name, first},
          {"state/runs/" + second_name, second_text},
          {"state/runs/HEAD", sha256_text(second_text) + "  " + second_name + "\n"}};
}

void add_sums(Members& members) {
  std::string sums;
  for (const ZipMember& member : members) sums += sha256_text(member.bytes) + "  " + member.name + "\n";
  members.push_back({"SHA256SUMS", sums});
}

std::string& bytes_of(Members& members, const std::string& name) {
  return std::find_if(members.begin(), members.end(), [&](const ZipMember& one) { return one.name == name; })->bytes;
}

/// What is found of the good bundle after a change, with sums that fit it or that do not.
BundleReport report_of(const std::function<void(Members&)>& change, bool sums_fit, const BundleOptions& options = {}) {
  const test::TemporaryFolder folder;
  Members members = good_members();
  if (sums_fit) change(members);
  add_sums(members);
  if (!sums_fit) change(members);
  write_zip(folder / "a.zip", members);
  return verify_bundle(folder / "a.zip", options);
}

void nothing(Members&) {}

TEST(VerifyBundle, OneThatIsWholeFits) {
  const BundleReport report = report_of(nothing, true);
  EXPECT_THAT(report.misfits, IsEmpty());
  EXPECT_THAT(report.remarks, IsEmpty());
  EXPECT_EQ(report.alert_id, "PW-1");
  EXPECT_EQ(report.files, 6U);
  EXPECT_EQ(report.manifests, 2U);
  EXPECT_EQ(report.chain_length, 2U);
  EXPECT_EQ(report.links, 1U);
  EXPECT_EQ(report.vouched, 1U);
}

TEST(VerifyBundle, DoesNotFitWhereAnotherProgramWouldFindOtherNames) {
  const test::TemporaryFolder folder;
  Members members = good_members();
  add_sums(members);
  write_zip(folder / "a.zip", members);
  std::string bytes = test::read_text(folder / "a.zip");
  bytes[30] = 'X';  // name of the first member before its bytes: the directory has another
  test::write_text(folder / "a.zip", bytes);
  EXPECT_THAT(verify_bundle(folder / "a.zip", {}).misfits,
              ElementsAre(HasSubstr("from byte " + std::to_string(bytes.find("PK\1\2")) + " on")));
}

TEST(VerifyBundle, NamesWhatWasChangedAddedOrTakenAway) {
  EXPECT_THAT(report_of([](Members& all) { bytes_of(all, "alert.geojson") += " "; }, false).misfits,
              ElementsAre(HasSubstr("alert.geojson: was changed")));
  EXPECT_THAT(report_of(
                  [](Members& all) {
                    all.push_back({"more.txt", "x"});
                  },
                  false)
                  .misfits,
              ElementsAre("more.txt: is not among those of SHA256SUMS"));
  EXPECT_THAT(report_of([](Members& all) { all.erase(all.begin() + 2); }, false).misfits,
              ElementsAre("state/chips/north/PW-1/before.tif: is missing",
                          "state/chips/north/PW-1/before.tif: is missing, and its manifest is here"));
  EXPECT_THAT(report_of([](Members& all) { bytes_of(all, "SHA256SUMS") += "nonsense\n"; }, false).misfits,
              ElementsAre(HasSubstr("a line that is none")));
}

TEST(VerifyBundle, WhatTheStateDidNotHaveIsSaidAndFits) {
  const BundleReport report = report_of(
      [](Members& all) {
        all.erase(all.begin() + 2);
        all.push_back({"left_out.csv", "file,why\nstate/chips/north/PW-1/before.tif,is missing\n"});
      },
      true);
  EXPECT_THAT(report.misfits, IsEmpty());
  EXPECT_THAT(report.remarks, ElementsAre("state/chips/north/PW-1/before.tif: is not here: whoever made the bundle "
                                          "says of the state: is missing"));
  EXPECT_THAT(report_of(
                  [](Members& all) {
                    all.push_back({"left_out.csv", "what\n"});
                  },
                  true)
                  .misfits,
              ElementsAre(HasSubstr("left_out.csv: ")));
}

TEST(VerifyBundle, HashesThatWereMadeAnewDoNotHideWhatManifestsSay) {
  EXPECT_THAT(
      report_of([](Members& all) { bytes_of(all, "state/chips/north/PW-1/before.tif") = "another"; }, true).misfits,
      ElementsAre("state/chips/north/PW-1/before.tif: is another than its manifest says"));
  EXPECT_THAT(report_of([](Members& all) { all.erase(all.begin() + 2); }, true).misfits,
              ElementsAre("state/chips/north/PW-1/before.tif: is missing, and its manifest is here"));
  // An older manifest that was written anew is no longer the one that the newer one names.
  const BundleReport older = report_of(
      [](Members& all) {
        std::string& text = bytes_of(all, "state/runs/20220701T000000.000Z.json");
        text.replace(text.find("\"run\""), 5, "\"rum\"");
      },
      true);
  EXPECT_THAT(older.misfits, ElementsAre(HasSubstr("20220701T000000.000Z.json: chain.csv has another SHA-256 of it")));
  EXPECT_THAT(report_of([](Members& all) { bytes_of(all, "state/runs/HEAD")[0] = 'x'; }, true).misfits,
              ElementsAre(HasSubstr("state/runs/HEAD")));
  EXPECT_THAT(report_of([](Members& all) { bytes_of(all, "chain.csv") = "name,sha256,previous\n"; }, true).misfits,
              ElementsAre(HasSubstr("is not in chain.csv"), HasSubstr("is not in chain.csv")));
}

TEST(VerifyBundle, WhatItLacksIsSaid) {
  const BundleReport headless = report_of([](Members& all) { all.pop_back(); }, true);
  EXPECT_THAT(headless.remarks, ElementsAre(HasSubstr("there is no HEAD")));
  EXPECT_THAT(report_of(
                  [](Members& all) {
                    all.push_back({"state/chips/x", "y"});
                  },
                  true)
                  .remarks,
              ElementsAre("1 files of the state are named by no manifest here"));
  EXPECT_THAT(report_of([](Members& all) { bytes_of(all, "alert.geojson") = "[[[["; }, true).misfits,
              ElementsAre(HasSubstr("alert.geojson: does not hold one alert")));
  EXPECT_THAT(
      report_of([](Members& all) { bytes_of(all, "state/runs/20220702T000000.000Z.json") = "{"; }, true).misfits,
      ::testing::Contains(HasSubstr("state/runs/20220702T000000.000Z.json")));
}

TEST(VerifyBundle, SealsAreCheckedWhereThereAreAny) {
  BundleOptions options;
  options.needs_signature = options.needs_time_stamp = true;
  EXPECT_THAT(
      report_of(nothing, true, options).misfits,
      ElementsAre(HasSubstr("the newest manifest is not signed"), HasSubstr("no manifest here has a time stamp"),
                  HasSubstr("no signature covers alert.geojson, chain.csv, state/chips/north"),
                  HasSubstr("SHA256SUMS has no time stamp")));
  options.needs_signature = options.needs_time_stamp = false;
  options.signature = [](std::string_view, std::string_view seal, std::optional<Instant>) -> SealFinding {
    if (seal != "good") throw DataError("does not fit");
    return {"signed by CN=Test", {}};
  };
  const auto with_seal = [](const std::string& seal) {
    return [seal](Members& all) { all.push_back({"state/runs/20220702T000000.000Z.json.p7s", seal}); };
  };
  const BundleReport good = report_of(with_seal("good"), true, options);
  EXPECT_THAT(good.misfits, IsEmpty());
  EXPECT_EQ(good.with_signature, 1U);
  EXPECT_THAT(good.sealed_by, ElementsAre("signed by CN=Test"));
  EXPECT_THAT(report_of(with_seal("bad"), true, options).misfits, ElementsAre(HasSubstr("p7s: does not fit")));
}

/// A signature that anybody can check and, in this test, nobody makes but sign().
std::string sign(std::string_view text) { return "signed " + sha256_text(text); }

SealFinding check_signature(std::string_view text, std::string_view seal, std::optional<Instant>) {
  if (seal != sign(text)) throw DataError("is of another content");
  return {"signed by CN=Test", {}};
}

TEST(VerifyBundle, WhoCannotSignCanForgeNoMember) {
  const test::TemporaryFolder folder;
  BundleOptions options;
  options.needs_signature = true;
  options.signature = check_signature;
  Members signed_manifests = good_members();
  const std::string newest = "state/runs/20220702T000000.000Z.json";
  signed_manifests.push_back({newest + ".p7s", sign(bytes_of(signed_manifests, newest))});
  Members whole = signed_manifests;
  add_sums(whole);
  const auto verified = [&](const Members& members, const BundleOptions& how) {
    write_zip(folder / "a.zip", members);
    return verify_bundle(folder / "a.zip", how);
  };
  // Manifests that are signed, those before them and what they name are covered; nothing else is.
  const std::vector<std::string> others{"alert.geojson", "chain.csv", "state/runs/HEAD"};
  EXPECT_THAT(verified(whole, {}).uncovered, others);
  EXPECT_TRUE(verified(whole, {}).fits());
  EXPECT_THAT(verified(whole, options).misfits,
              ElementsAre("SHA256SUMS is not signed (there is no SHA256SUMS.p7s): no signature covers alert.geojson, "
                          "chain.csv, state/runs/HEAD"));
  Members sealed = whole;
  seal_bundle(sealed, sign, {});
  const BundleReport good = verified(sealed, options);
  EXPECT_THAT(good.misfits, IsEmpty());
  EXPECT_THAT(good.uncovered, IsEmpty());
  EXPECT_TRUE(good.is_signed);
  EXPECT_FALSE(good.is_time_stamped);
  for (const ZipMember& member : signed_manifests) {
    Members forged = sealed;
    std::string& bytes = bytes_of(forged, member.name);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    const auto is_sums = [](const ZipMember& one) { return one.name.starts_with("SHA256SUMS"); };
    const std::string signature = bytes_of(forged, "SHA256SUMS.p7s");
    std::erase_if(forged, is_sums);
    add_sums(forged);
    forged.push_back({"SHA256SUMS.p7s", signature});
    EXPECT_THAT(verified(forged, options).misfits, ::testing::Contains("SHA256SUMS.p7s: is of another content"))
        << member.name;
    EXPECT_FALSE(verified(forged, options).is_signed);
    forged.pop_back();
    EXPECT_THAT(verified(forged, options).misfits, ::testing::Contains(HasSubstr("SHA256SUMS is not signed")))
        << member.name;
  }
}

TEST(VerifyBundle, ASignatureIsOfTheTimeOfTheStampOrOfItsOwn) {
  const test::TemporaryFolder folder;
  Members members = good_members();
  add_sums(members);
  seal_bundle(members, sign, sign);
  write_zip(folder / "a.zip", members);
  std::vector<std::optional<Instant>> asked;
  BundleOptions options;
  options.signature = [&](std::string_view text, std::string_view seal, std::optional<Instant> at) {
    asked.push_back(at);
    return check_signature(text, seal, at);
  };
  options.time_stamp = check_signature;
  EXPECT_TRUE(verify_bundle(folder / "a.zip", options).is_time_stamped);
  const Instant stamped = parse_instant("2022-07-03");
  options.time_stamp = [&](std::string_view, std::string_view, std::optional<Instant>) {
    return SealFinding{"stamped", stamped};
  };
  EXPECT_TRUE(verify_bundle(folder / "a.zip", options).fits());
  EXPECT_THAT(asked, ElementsAre(std::nullopt, stamped));
}

TEST(VerifyBundle, RefusesWhatIsNone) {
  const test::TemporaryFolder folder;
  test::write_text(folder / "text.zip", "no archive");
  EXPECT_THAT(test::message_of<DataError>([&] { verify_bundle(folder / "text.zip", {}); }),
              HasSubstr("text.zip: not a zip archive"));
  write_zip(folder / "other.zip", Members{{"a", "b"}});
  EXPECT_THAT(test::message_of<DataError>([&] { verify_bundle(folder / "other.zip", {}); }),
              HasSubstr("it has no SHA256SUMS"));
  for (const char* name : {"claims_4_gib.zip", "cut.zip", "leaves.zip", "twice.zip", "offset_beyond.zip"}) {
    EXPECT_THROW(verify_bundle(std::string(PITWATCH_SOURCE_DIR "/tests/fuzz/regressions/zip_directory/") + name, {}),
                 DataError)
        << name;
  }
}

}  // namespace
}  // namespace pitwatch
