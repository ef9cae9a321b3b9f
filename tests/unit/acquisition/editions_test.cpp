// Which of several products that show the same ground at the same time is read.

#include "pipeline/acquisition/editions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace pitwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

// ---- choosing --------------------------------------------------------------------------------------------------

/// A granule as catalogues describe one; tests change what they are about.
ListedScene granule(const std::string& id, const std::string& baseline, const std::string& processed) {
  ListedScene listed;
  Scene& scene = listed.scene;
  scene.id = id;
  scene.source = id + ".json";
  scene.acquired = parse_instant("2020-03-02T10:27:40Z");
  scene.platform = "sentinel-2a";
  scene.level = "L2A";
  scene.tile = "T32TMT";
  scene.processing_baseline = baseline;
  scene.processed = parse_instant(processed);
  scene.bbox = DegreeBox{8, 47, 9, 48};
  scene.nodata = 0.0;
  scene.datatake = "GS2A_20200302T102021_024515";
  scene.datastrip_start = "20200302T102554";
  return listed;
}

const std::string first_run = "2020-03-02T14:08:38Z";
const std::string second_run = "2023-06-18T17:37:04Z";

/// "b|a c": parts of each datatake in their order, datatakes divided by "|".
std::string kept(const SceneChoice& choice) {
  std::string text;
  for (const Datatake& datatake : choice.datatakes) {
    if (!text.empty()) text += "|";
    for (const ListedScene& part : datatake.parts) {
      text += (&part == &datatake.parts.front() ? "" : " ") + part.scene.id;
    }
  }
  return text;
}

/// The choice, which must not depend on the order of the scenes.
SceneChoice choose(std::vector<ListedScene> scenes) {
  SceneChoice choice = choose_one_per_datatake(scenes);
  std::size_t all = choice.superseded.size();
  for (const Datatake& datatake : choice.datatakes) all += datatake.parts.size();
  EXPECT_EQ(all, scenes.size());
  std::reverse(scenes.begin(), scenes.end());
  EXPECT_EQ(kept(choice), kept(choose_one_per_datatake(scenes)));
  return choice;
}

TEST(SceneChoice, TheLaterBaselineSupersedes) {
  const SceneChoice choice = choose({granule("old", "02.14", first_run), granule("new", "05.00", second_run)});
  EXPECT_EQ(kept(choice), "new");
  ASSERT_THAT(choice.superseded, SizeIs(1));
  EXPECT_EQ(choice.superseded[0].scene.scene.id, "old");
  EXPECT_EQ(choice.superseded[0].reason, "superseded by new: baseline 05.00 after 02.14");
}

TEST(SceneChoice, AtOneBaselineTheLaterProcessingSupersedes) {
  ListedScene old = granule("old", "05.00", first_run);
  ListedScene fresh = granule("new", "05.00", second_run);
  // The edge of the swath, which reprocessing moved a little.
  old.scene.nodata = 41.98;
  fresh.scene.nodata = 42.09;
  old.scene.bbox->west = 7.998;
  const SceneChoice choice = choose({old, fresh});
  EXPECT_EQ(kept(choice), "new");
  EXPECT_THAT(choice.superseded.at(0).reason, HasSubstr("processed 2023-06-18T17:37:04Z"));
}

TEST(SceneChoice, PartsOfASplitDatastripAreBothKept) {
  ListedScene upper = granule("upper", "05.00", first_run);
  ListedScene lower = granule("lower", "05.00", "2020-03-02T14:19:38Z");
  upper.scene.nodata = 45.9;
  lower.scene.nodata = 45.8;  // halves: no evidence that they are the same part
  EXPECT_EQ(kept(choose({upper, lower})), "lower upper");
  // Even years apart when the datastrips are known to differ.
  lower.scene.processed = parse_instant(second_run);
  lower.scene.datastrip_start = "20200302T102630";
  EXPECT_EQ(kept(choose({upper, lower})), "lower upper");
}

TEST(SceneChoice, DifferentFootprintsAreDifferentParts) {
  ListedScene west = granule("west", "02.14", first_run);
  ListedScene east = granule("east", "05.00", second_run);
  west.scene.bbox = DegreeBox{8, 47, 8.6, 48};
  east.scene.bbox = DegreeBox{8.5, 47, 9, 48};
  EXPECT_EQ(kept(choose({west, east})), "east west");
  west.scene.bbox = std::nullopt;
  west.scene.nodata = 40;
  east.scene.nodata = 60;
  EXPECT_EQ(kept(choose({west, east})), "east west");
}

TEST(SceneChoice, EditionsOfBothPartsOfASplitDatastrip) {
  std::vector<ListedScene> scenes{granule("a1", "02.14", first_run), granule("b1", "02.14", first_run),
                                  granule("a2", "05.00", second_run), granule("b2", "05.00", second_run)};
  for (const std::size_t part : {0U, 2U}) {
    scenes[part].scene.nodata = 30;
    scenes[part + 1].scene.nodata = 62;
    scenes[part + 1].scene.datastrip_start = "20200302T102630";
  }
  EXPECT_EQ(kept(choose(scenes)), "a2 b2");
  scenes.pop_back();  // only one part was made anew
  EXPECT_EQ(kept(choose(scenes)), "a2 b1");
}

TEST(SceneChoice, SurfaceReflectanceGoesBeforeTopOfAtmosphere) {
  ListedScene top = granule("top", "05.11", second_run);
  top.scene.level = "L1C";
  EXPECT_EQ(kept(choose({top, granule("surface", "05.00", first_run)})), "surface");
  EXPECT_EQ(kept(choose({top})), "top");
}

TEST(SceneChoice, CopiesAreReadOnce) {
  ListedScene copy = granule("same", "05.00", first_run);
  copy.scene.nodata = std::nullopt;
  ListedScene other = copy;
  other.scene.source = "copy/same.json";
  const SceneChoice choice = choose({copy, other});
  EXPECT_EQ(kept(choice), "same");
  EXPECT_EQ(choice.superseded.at(0).reason, "the same product as copy/same.json");
}

TEST(SceneChoice, OverflightsStayApart) {
  ListedScene next_day = granule("next day", "05.00", second_run);
  next_day.scene.acquired = parse_instant("2020-03-05T10:37:41Z");
  next_day.scene.datatake = "GS2A_20200305T103021_024558";
  ListedScene neighbour = granule("neighbour", "05.00", second_run);
  neighbour.scene.tile = "T32TNT";
  const SceneChoice choice = choose({next_day, neighbour, granule("here", "02.14", first_run)});
  EXPECT_EQ(kept(choice), "neighbour here|next day");
  EXPECT_THAT(choice.superseded, IsEmpty());
  EXPECT_EQ(choice.datatakes[0].acquired, parse_instant("2020-03-02T10:27:40Z"));
}

TEST(SceneChoice, ZonesOfOneOverflightAreOneAcquisition) {
  ListedScene beyond = granule("beyond", "05.00", second_run);
  beyond.scene.tile = "T31TGN";
  ListedScene unknown = granule("unknown", "04.00", second_run);
  unknown.scene.tile.clear();
  SceneChoice choice = choose({granule("here", "02.14", first_run), beyond, unknown});
  EXPECT_EQ(kept(choice), "beyond unknown here");
  prefer_zone(choice.datatakes[0], "EPSG:32632");
  EXPECT_EQ(kept(choice), "unknown here beyond");
  prefer_zone(choice.datatakes[0], "EPSG:32631");
  EXPECT_EQ(kept(choice), "unknown beyond here");
}

TEST(SceneChoice, WithoutIdentifiersTimePlatformAndPlaceTell) {
  const auto bare = [](const std::string& id, const std::string& acquired) {
    ListedScene listed;
    listed.scene.id = id;
    listed.scene.acquired = parse_instant(acquired);
    listed.scene.bbox = DegreeBox{8, 47, 9, 48};
    return listed;
  };
  EXPECT_EQ(kept(choose({bare("a", "2020-03-02T10:00:00Z"), bare("b", "2020-03-02T10:09:00Z")})), "a b");
  EXPECT_EQ(kept(choose({bare("a", "2020-03-02T10:00:00Z"), bare("b", "2020-03-02T10:11:00Z")})), "a|b");
  ListedScene twin = bare("b", "2020-03-02T10:00:00Z");
  ListedScene first = bare("a", "2020-03-02T10:00:00Z");
  first.scene.platform = "sentinel-2a";
  twin.scene.platform = "sentinel-2c";
  EXPECT_EQ(kept(choose({first, twin})), "a|b");
  twin.scene.platform = "";
  twin.scene.bbox = DegreeBox{18, 47, 19, 48};
  EXPECT_EQ(kept(choose({first, twin})), "a|b");
}

}  // namespace
}  // namespace pitwatch
