// Any bytes, read as a catalog, a collection, an ItemCollection or an item: a listing, or a DataError. Links are
// followed to no other file than this one, which is alone in its folder.

#include <cstddef>
#include <cstdint>

#include "pipeline/acquisition/editions.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/io/scenes/scene_source.hpp"
#include "tests/fuzz/fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  using fuzz::require;
  static const fuzz::ScratchFile scratch("catalog.json");
  scratch.write(fuzz::text_of(data, size));
  try {
    SourceListing listing = list_scenes(scratch.path());
    for (const RejectedItem& item : listing.rejected) require(!item.reason.empty());
    for (const ListedScene& listed : listing.scenes) {
      require(listed.scene.source.starts_with(scratch.path()) && listed.fingerprint.size() == 64);
      for (const auto& [band, asset] : listed.scene.bands) require(!asset.path.starts_with("/vsi"));
    }
    const std::size_t count = listing.scenes.size();
    const SceneChoice choice = choose_one_per_datatake(std::move(listing.scenes));
    std::size_t chosen = choice.superseded.size();
    for (const Datatake& datatake : choice.datatakes) {
      require(!datatake.parts.empty());
      chosen += datatake.parts.size();
    }
    require(chosen == count);
  } catch (const DataError&) {
  }
  return 0;
}
