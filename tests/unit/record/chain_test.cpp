// Chains of manifests: whole ones are accepted, and whatever is done to one is found.

#include "pipeline/record/chain.hpp"
#include "pipeline/record/verify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "pipeline/core/error.hpp"
#include "tests/unit/record/support.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using test::instant;
using test::MadeUpState;
using test::read_text;
using test::write_text;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::vector<std::string> misfits_of(const MadeUpState& state) { return check_chain(state.path()).misfits; }

std::string run_file(const MadeUpState& state, const std::string& name) { return state / ("runs/" + name); }

TEST(Chain, NamesManifestsByTheStartOfTheirRuns) {
  MadeUpState state;
  state.run_nights(2);
  EXPECT_THAT(manifest_names(state.path()), ElementsAre("20221202T030501.123Z.json", "20221203T030501.123Z.json"));
  EXPECT_EQ(read_text(state / "runs/HEAD"),
            sha256_text(read_text(state / "runs/20221203T030501.123Z.json")) + "  20221203T030501.123Z.json\n");
}

TEST(Chain, WholeOneIsAccepted) {
  MadeUpState state;
  state.run_nights(5);
  std::vector<std::string> shown;
  const ChainFinding chain =
      check_chain(state.path(), [&](const std::string& name, std::string_view bytes, const Manifest& manifest) {
        shown.push_back(name);
        EXPECT_EQ(bytes, manifest_text(manifest));
      });
  EXPECT_THAT(chain.misfits, IsEmpty());
  EXPECT_THAT(chain.unpublished, IsEmpty());
  EXPECT_EQ(chain.manifests, shown);
  EXPECT_EQ(chain.head->name, state.newest());
  EXPECT_EQ(head(state.path())->previous->name, chain.manifests[3]);
}

TEST(Chain, NoneAtAll) {
  const test::TemporaryFolder folder;
  EXPECT_THAT(manifest_names(folder.path()), IsEmpty());
  EXPECT_FALSE(head(folder.path()));
  EXPECT_THAT(check_chain(folder.path()).misfits, IsEmpty());
}

TEST(Chain, NamesAscendThoughTheClockGoesBack) {
  MadeUpState state;
  state.run_nights(2);
  Manifest early = state.next_night();
  early.started = instant("1999-01-01T00:00:00Z");
  EXPECT_EQ(state.publish(early), "20221203T030501.124Z.json");
  EXPECT_EQ(head(state.path())->started, early.started);
  Manifest again = state.next_night();
  again.started = instant("2022-12-03T03:05:01.124Z");
  EXPECT_EQ(state.publish(again), "20221203T030501.125Z.json");
  EXPECT_THAT(misfits_of(state), IsEmpty());
}

TEST(Chain, GoesOnFromWhatKilledRunsLeft) {
  MadeUpState state;
  state.run_nights(2);
  const std::string published = state.newest();
  const std::string first = state.publish(state.next_night(), 0, false);
  const std::string second = state.publish(state.next_night(), 1, false);
  ChainFinding chain = check_chain(state.path());
  EXPECT_THAT(chain.misfits, IsEmpty());
  EXPECT_EQ(chain.head->name, published);
  EXPECT_THAT(chain.unpublished, ElementsAre(first, second));
  state.run_nights(1);
  chain = check_chain(state.path());
  EXPECT_THAT(chain.misfits, IsEmpty());
  EXPECT_THAT(chain.unpublished, IsEmpty());
  EXPECT_EQ(head(state.path())->previous->name, second);
}

TEST(Chain, FirstRunThatWasKilledLeavesOneWithoutHead) {
  MadeUpState state;
  const std::string first = state.publish(state.next_night(), 0, false);
  const ChainFinding chain = check_chain(state.path());
  EXPECT_THAT(chain.misfits, IsEmpty());
  EXPECT_THAT(chain.unpublished, ElementsAre(first));
  EXPECT_FALSE(head(state.path()));
  state.run_nights(1);
  EXPECT_THAT(misfits_of(state), IsEmpty());
  EXPECT_THAT(head(state.path())->notices, IsEmpty());
}

TEST(Chain, LossOfTheNewestIsFoundThenAndLater) {
  MadeUpState state;
  state.run_nights(3);
  const std::string lost = state.newest();
  fs::remove(run_file(state, lost));
  EXPECT_THAT(misfits_of(state), ElementsAre("runs/" + lost + ": is missing: runs/HEAD names it as the newest"));
  EXPECT_THROW(static_cast<void>(head(state.path())), DataError);
  state.run_nights(1);
  EXPECT_THAT(misfits_of(state),
              ElementsAre("runs/" + lost + ": is missing: runs/" + state.newest() + " names it as the one before"));
}

TEST(Chain, ChangeOfTheNewestIsFoundThenAndLater) {
  MadeUpState state;
  state.run_nights(3);
  const std::string changed = state.newest();
  std::string text = read_text(run_file(state, changed));
  text.replace(text.find("watch-1"), 7, "watch-2");
  write_text(run_file(state, changed), text);
  EXPECT_THAT(misfits_of(state), ElementsAre(HasSubstr(changed + ": was changed")));
  state.run_nights(1);
  EXPECT_THAT(misfits_of(state), ElementsAre(HasSubstr(changed + ": was changed")));
}

TEST(Chain, LossOfOneInTheMiddleAndOfTheFirst) {
  MadeUpState state;
  state.run_nights(4);
  const std::vector<std::string> names = manifest_names(state.path());
  for (const std::size_t i : {0U, 2U}) {
    const std::string text = read_text(run_file(state, names[i]));
    fs::remove(run_file(state, names[i]));
    EXPECT_THAT(misfits_of(state),
                ElementsAre("runs/" + names[i] + ": is missing: runs/" + names[i + 1] + " names it as the one before"));
    write_text(run_file(state, names[i]), text);
  }
  EXPECT_THAT(misfits_of(state), IsEmpty());
}

TEST(Chain, LossOfHead) {
  MadeUpState state;
  state.run_nights(3);
  fs::remove(state / "runs/HEAD");
  EXPECT_THAT(misfits_of(state), ElementsAre(HasSubstr("runs/HEAD: is missing")));
  state.run_nights(1);
  EXPECT_THAT(misfits_of(state), IsEmpty());
  ASSERT_EQ(head(state.path())->notices.size(), 1U);
  EXPECT_EQ(head(state.path())->notices[0].what, "runs/HEAD");
}

TEST(Chain, DamagedHead) {
  MadeUpState state;
  state.run_nights(2);
  const std::string whole = read_text(state / "runs/HEAD");
  for (const std::string& text : {std::string(), std::string("\n"), whole + "\n", whole.substr(1), whole + whole,
                                  std::string(100000, 'a'), whole.substr(0, 66) + "../../etc/passwd\n"}) {
    write_text(state / "runs/HEAD", text);
    EXPECT_THAT(misfits_of(state), ElementsAre(HasSubstr("runs/HEAD: is "))) << text.substr(0, 100);
    EXPECT_THROW(static_cast<void>(head(state.path())), DataError);
  }
  state.run_nights(1);
  EXPECT_THAT(misfits_of(state), IsEmpty());
  EXPECT_EQ(head(state.path())->notices.size(), 1U);
}

TEST(Chain, HeadThatWasTurnedBack) {
  MadeUpState state;
  state.run_nights(2);
  const std::string old = read_text(state / "runs/HEAD");
  state.run_nights(2);
  write_text(state / "runs/HEAD", old);
  EXPECT_THAT(misfits_of(state), ElementsAre(HasSubstr("runs/HEAD: names runs/20221203T030501.123Z.json, but "
                                                       "runs/20221205T030501.123Z.json was written when it named "
                                                       "runs/20221204T030501.123Z.json")));
}

TEST(Chain, Fork) {
  MadeUpState state;
  state.run_nights(2);
  const std::string head_then = read_text(state / "runs/HEAD");
  state.run_nights(1);
  const std::string beside = state.newest();
  const std::string text = read_text(run_file(state, beside));
  fs::remove(run_file(state, beside));
  write_text(state / "runs/HEAD", head_then);
  state.run_nights(1);
  EXPECT_THAT(misfits_of(state), IsEmpty());
  write_text(run_file(state, beside), text);
  EXPECT_THAT(misfits_of(state), ElementsAre(HasSubstr("the chain forks")));
}

TEST(Chain, SecondBeginning) {
  MadeUpState state;
  state.run_nights(3);
  write_text(run_file(state, "20221203T000000.000Z.json"), manifest_text({}));
  EXPECT_THAT(misfits_of(state), Contains(HasSubstr("runs/20221203T000000.000Z.json: begins a chain of its own")));
}

TEST(Chain, FilesThatAreNoManifests) {
  MadeUpState state;
  state.run_nights(2);
  write_text(state / "runs/20221399T000000.000Z.json", "{}");
  write_text(state / "runs/20211203T000000.000Z.json.p7s", "a signature");
  write_text(state / "runs/.HEAD.tmp-1-1", "half");
  write_text(state / "runs/notes.txt", "of the keeper");
  EXPECT_THAT(misfits_of(state),
              ElementsAre("runs/20211203T000000.000Z.json: is missing, and runs/20211203T000000.000Z.json.p7s was made "
                          "of it",
                          "runs/20221399T000000.000Z.json: is no manifest by its name"));
}

TEST(Chain, WhatIsNoFileIsNotWaitedFor) {
  MadeUpState state;
  state.run_nights(2);
  const std::string name = state.newest();
  fs::remove(run_file(state, name));
  ASSERT_EQ(::mkfifo(run_file(state, name).c_str(), 0600), 0);
  EXPECT_THAT(misfits_of(state), ElementsAre("runs/" + name + ": is no regular file"));
  fs::remove(run_file(state, name));
  fs::create_symlink("/dev/zero", run_file(state, name));
  EXPECT_THAT(misfits_of(state), ElementsAre("runs/" + name + ": is a link, not a file"));
}

/// The SHA-256 that is on record of a file.
std::string recorded(const Manifest& manifest, const std::string& path) {
  for (const OutputFile& file : manifest.outputs) {
    if (file.path == path) return file.sha256;
  }
  return "none";
}

TEST(Chain, OfARunThatWasKilledWhatItCameToSettles) {
  for (const int files : {0, 1, 2}) {
    MadeUpState state;
    state.run_nights(2);
    state.publish(state.next_night(), files, false);
    const Manifest settled = *settled_head(state.path());
    EXPECT_EQ(recorded(settled, "register.gpkg"),
              sha256_text("register of night " + std::string(files > 0 ? "3" : "2")));
    EXPECT_EQ(recorded(settled, "alerts.geojson"),
              sha256_text("alerts of night " + std::string(files > 1 ? "3" : "2")));
    EXPECT_NE(recorded(settled, "sites/pit/looks-00003.state"), "none");
    EXPECT_EQ(settled.alert_register->runs, files > 0 ? 3U : 2U);
    EXPECT_EQ(settled.alert_register->sha256, recorded(settled, "register.gpkg"));
    // Whoever publishes that has a record that fits.
    Manifest next = settled;
    next.started += std::chrono::days(1);
    publish_head(state.path(), begin_manifest(state.path(), next));
    EXPECT_THAT(verify_state(state.path(), {}).misfits, IsEmpty());
  }
}

TEST(Chain, OfARunThatWasKilledItsChipsSettle) {
  MadeUpState state;
  const auto chip = [](const std::string& name, const std::string& text) {
    const std::string hash = text.empty() ? "" : sha256_text(text);
    return ChipFile{"chips/pit/PW-1/" + name, text.size(), hash, hash};
  };
  fs::create_directories(state / "chips/pit/PW-1");
  const auto put = [&](const std::string& name, const std::string& text) {
    write_text(state / "chips/pit/PW-1/" + name, text);
  };
  const auto night = [&](std::vector<ChipFile> chips, bool with_head) {
    Manifest manifest = state.next_night();
    manifest.chips = std::move(chips);
    state.publish(manifest, 2, with_head);
  };
  for (const char* const name : {"a.tif", "b.tif", "c.tif", "d.tif"}) put(name, "old");
  night({chip("a.tif", "old"), chip("b.tif", "old"), chip("c.tif", "old"), chip("d.tif", "old")}, true);
  state.run_nights(1);
  EXPECT_TRUE(settled_head(state.path())->chips.empty());
  // It came to write a, and to take away d.
  night({chip("a.tif", "new"), chip("b.tif", "new"), chip("d.tif", ""), chip("e.tif", "new")}, false);
  put("a.tif", "new");
  fs::remove(state / "chips/pit/PW-1/d.tif");
  // e is not written yet, and d may be gone.
  const std::string old = sha256_text("old");
  EXPECT_THAT(due_chips(state.path()), ElementsAre(Pair("chips/pit/PW-1/a.tif", old), Pair("chips/pit/PW-1/b.tif", old),
                                                   Pair("chips/pit/PW-1/c.tif", old)));
  const Manifest settled = *settled_head(state.path());
  EXPECT_THAT(settled.chips,
              ElementsAre(chip("a.tif", "new"), chip("b.tif", "old"), chip("d.tif", ""), chip("e.tif", "")));
  Manifest next = settled;
  next.started += std::chrono::days(1);
  publish_head(state.path(), begin_manifest(state.path(), next));
  EXPECT_THAT(verify_state(state.path(), {}).misfits, IsEmpty());
  EXPECT_TRUE(settled_head(state.path())->chips.empty());
}

/// A night that read five acquisitions and seven inputs of one range each.
Manifest large_night(MadeUpState& state) {
  Manifest manifest = state.next_night();
  const AcquisitionUsed acquisition = manifest.acquisitions.front();
  const InputFile input = manifest.inputs.front();
  manifest.acquisitions.clear();
  manifest.inputs.clear();
  for (int i = 0; i < 5; ++i) {
    manifest.acquisitions.push_back(acquisition);
    manifest.acquisitions.back().acquired += std::chrono::minutes(i);
  }
  for (int i = 0; i < 7; ++i) {
    manifest.inputs.push_back(input);
    manifest.inputs.back().path += "_" + std::to_string(i);
  }
  return manifest;
}

constexpr ReadBounds small_bounds{2, 18};  // two acquisitions, two inputs of one range

TEST(Chain, WhatIsTooMuchForOneManifestGoesOnRecordInParts) {
  MadeUpState state;
  state.run_nights(2);
  Manifest manifest = large_night(state);
  const Manifest whole = manifest;
  const std::size_t before = manifest_names(state.path()).size();
  const std::string name = begin_manifest(state.path(), manifest, small_bounds);
  EXPECT_TRUE(is_on_record(state.path(), whole.started));
  publish_head(state.path(), name);
  EXPECT_THAT(check_chain(state.path()).misfits, IsEmpty());

  const std::vector<std::string> names = manifest_names(state.path());
  ASSERT_EQ(names.size(), before + 4 + 3 + 1);
  EXPECT_EQ(names.back(), name);
  std::vector<InputFile> inputs;
  std::vector<Instant> acquired;
  for (std::size_t i = before; i < names.size(); ++i) {
    const Manifest each = read_manifest(state.path(), names[i]);
    EXPECT_EQ(each.part, i + 1 < names.size() ? static_cast<int>(i - before) + 1 : 0);
    EXPECT_EQ(each.started, whole.started);
    EXPECT_LE(each.inputs.size(), 2U);
    EXPECT_LE(each.acquisitions.size(), 2U);
    EXPECT_TRUE(acquired.empty() || each.inputs.empty()) << "an acquisition before its inputs";
    inputs.insert(inputs.end(), each.inputs.begin(), each.inputs.end());
    for (const AcquisitionUsed& one : each.acquisitions) acquired.push_back(one.acquired);
  }
  EXPECT_EQ(inputs, whole.inputs);
  ASSERT_EQ(acquired.size(), whole.acquisitions.size());
  for (std::size_t i = 0; i < acquired.size(); ++i) EXPECT_EQ(acquired[i], whole.acquisitions[i].acquired);
  EXPECT_EQ(head(state.path())->outputs, whole.outputs);
}

TEST(Chain, ANightThatFitsIsOneManifest) {
  for (const ReadBounds bounds : {ReadBounds{}, ReadBounds{5, 63}}) {
    MadeUpState state;
    Manifest manifest = large_night(state);
    begin_manifest(state.path(), manifest, bounds);
    EXPECT_EQ(manifest_names(state.path()).size(), 1U);
  }
  for (const ReadBounds bounds : {ReadBounds{4, 63}, ReadBounds{5, 62}}) {
    MadeUpState state;
    Manifest manifest = large_night(state);
    begin_manifest(state.path(), manifest, bounds);
    EXPECT_GT(manifest_names(state.path()).size(), 1U);
  }
}

TEST(Chain, OfARunThatWasKilledAmongItsPartsAllStandsAsBefore) {
  for (std::size_t left = 1; left <= 7; ++left) {
    MadeUpState state;
    state.run_nights(2);
    const Manifest before = *settled_head(state.path());
    Manifest manifest = large_night(state);
    begin_manifest(state.path(), manifest, small_bounds);
    const std::vector<std::string> names = manifest_names(state.path());
    for (std::size_t i = 2 + left; i < names.size(); ++i) fs::remove(state / "runs/" + names[i]);
    EXPECT_FALSE(is_on_record(state.path(), manifest.started)) << "what is left of it would be forgotten";
    const Manifest settled = *settled_head(state.path());
    EXPECT_EQ(settled.outputs, before.outputs);
    EXPECT_EQ(settled.sites.size(), before.sites.size());
    EXPECT_EQ(settled.alert_register->sha256, before.alert_register->sha256);
    EXPECT_THAT(verify_state(state.path(), {}).misfits, IsEmpty());
    state.run_nights(1);
    EXPECT_THAT(verify_state(state.path(), {}).misfits, IsEmpty());
  }
}

TEST(Chain, NothingSettlesWhereNothingWasPublished) {
  MadeUpState state;
  EXPECT_FALSE(settled_head(state.path()));
  state.publish(state.next_night(), 2, false);
  EXPECT_FALSE(settled_head(state.path()));
}

}  // namespace
}  // namespace pitwatch
