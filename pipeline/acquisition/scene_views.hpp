#pragma once
// What scenes show of places, and whether they are what their metadata say: looked at one by one, before any of them is
// judged.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/acquisition/checks.hpp"
#include "pipeline/acquisition/mosaic.hpp"
#include "pipeline/core/grid.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/io/files/file_memory.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"
#include "pipeline/io/scenes/scene_source.hpp"

namespace pitwatch {

/// A site as scenes are asked about it.
struct ViewedPlace {
  std::string id;
  Grid grid;
  DegreeBox box;
  std::shared_ptr<const BurntShape> shape = nullptr;  // the pixels of the grid that are its; null: all
};

/// On the grid of a site its polygon; no shape where no pixel's centre lies in it.
ViewedPlace viewed_place(const std::string& id, const Grid& grid, const LonLatMultiPolygon& outline);

/// What a scene shows of a place, by its own classification, of which nothing is grown.
struct PlaceView {
  std::string place;
  std::optional<MaskShares> shares;  // nothing without a classification
};

struct SceneView {
  std::vector<PlaceView> places;  // those that it shows
  std::string reason;             // why it cannot be used; empty: it can
  OffsetReport offsets;
};

/// Called from any thread with how many scenes have been looked at.
using SceneViewed = std::function<void(std::size_t)>;

/// Looks at scenes side by side; the views are in their order. Without places nothing is asked of these, and files on
/// the network are not looked at. Files that cannot be read are a reason, not an error.
///
/// `memory` may have what scenes showed before: what is recalled is of the same item, places and check, and of files
/// none of which has changed. Views that an unreadable file has a part in, or one that has not rested, are not noted.
std::vector<SceneView> view_scenes(std::span<const ListedScene> scenes, std::span<const ViewedPlace> places,
                                   OffsetCheck check, FileMemory& memory, const SceneViewed& viewed);

}  // namespace pitwatch
