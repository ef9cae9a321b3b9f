#pragma once
// Of several products that show the same ground at the same time, which one is read.

#include <string>
#include <vector>

#include "pipeline/core/date.hpp"
#include "pipeline/io/scenes/scene_source.hpp"

namespace pitwatch {

/// What one overflight left: granules of one datatake, of one tile or several, of neighbouring UTM zones too.
struct Datatake {
  Instant acquired{};              // of the earliest granule
  std::vector<ListedScene> parts;  // the newest first: where granules overlap, the first with data is to be taken
};

/// Puts parts whose tiles are of another UTM zone than `crs` ("EPSG:32638") behind the others, which keep their order:
/// what need not be resampled is taken where there is both. Parts of no known tile count as of the zone.
void prefer_zone(Datatake& datatake, const std::string& crs);

struct SupersededScene {
  ListedScene scene;
  std::string reason;
};

struct SceneChoice {
  std::vector<Datatake> datatakes;          // by acquisition
  std::vector<SupersededScene> superseded;  // by acquisition, as in a listing
};

/// Of several products that show the same ground at the same time, the one to be read.
///
/// Scenes belong to one datatake when its identifier says so; without one, when they are of one platform and less than
/// ten minutes apart (of no known tile: and their footprints meet). Within a datatake and tile, an older
/// edition of the same part is left out: Level-2A goes before Level-1C, then the later baseline, then the later
/// processing, counts as newer. Two products show the same part unless their datastrips began at different times, the
/// newer one's footprint does not hold the older one's, or their shares without data differ by more than a hundredth
/// while the newer one is not whole. Products of one baseline that were made within a day are parts of a split
/// datastrip, unless the newer one is whole. In doubt both stay, which does no harm: they are mosaicked.
/// The order of `scenes` has no influence. Pure.
SceneChoice choose_one_per_datatake(std::vector<ListedScene> scenes);

}  // namespace pitwatch
