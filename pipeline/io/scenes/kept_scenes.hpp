#pragma once
// Scenes kept for a site: of each the pixels over the ground that is watched, and all that was known of it, so that it
// reads as its original did when the original is gone, whatever packaging that had.

#include <span>
#include <string>
#include <vector>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/scene.hpp"
#include "pipeline/io/scenes/scene_source.hpp"

namespace pitwatch {

/// Keeps those of `bands` that the scene has, as folder/NAME/BAND.tif and folder/NAME/scene.json. NAME is another one
/// for another id, tile, baseline or time of processing. Missing folders are made.
///
/// Rasters are as those of a mirror (scene_mirror.hpp): the original's grid; in tiles that `ground` touches its pixels,
/// as BandFile reads them, elsewhere no data. scene.json is the whole of the Scene: its numbers come back bit by bit
/// (of what is no number, that it is none), its texts byte by byte; of each raster size and SHA-256, and a SHA-256 of
/// all that. The scene's paths are read as they stand: names of local files, or that GDAL opens.
///
/// The scene's folder appears whole or not at all, and outlasts a loss of power (AtomicFolder); one that is there is
/// replaced. What killed runs left of others is removed. Returns the scene as kept: with the bands that are, whose
/// paths are the kept rasters; its source is still the original's.
///
/// Throws DataError, starting with the scene's source, for a scene without any of the bands, and for a band that cannot
/// be read; IoError, naming the file, for what cannot be written. Thread-safe for distinct scenes.
Scene keep_scene(const Scene& scene, std::span<const Grid> ground, std::span<const Band> bands,
                 const std::string& folder);

/// How closely kept rasters are looked at.
enum class KeptCheck { sizes, contents };  // contents: SHA-256 too, every byte is read

/// All scenes that are kept in a folder, as keep_scene() returned them, by time of acquisition, tile, id, then time of
/// processing and baseline; none where there is no such folder. `damaged` gets, by path, those that are not whole: a
/// missing or broken scene.json, one that says something else than was written, another format; a raster that is
/// missing, no plain file, of another size or content. Throws DataError, starting with the folder, for one that cannot
/// be listed.
std::vector<Scene> kept_scenes(const std::string& folder, std::vector<RejectedItem>& damaged,
                               KeptCheck check = KeptCheck::sizes);

/// Removes the folder with all in it. It is renamed first, so that what a killed run leaves is never taken for kept
/// scenes; the next call removes it. Nothing where there is no such folder. Throws IoError with the path.
void remove_kept_scenes(const std::string& folder);

}  // namespace pitwatch
