// Any text as scene.json of a scene that is kept, as it is and with a checksum that fits: the scene, or named as
// damaged.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/scenes/kept_scenes.hpp"
#include "tests/fuzz/fuzz_support.hpp"

namespace {

using namespace pitwatch;

void read(const fuzz::ScratchFile& scratch, std::string_view text) {
  scratch.write(text);
  const std::string folder = std::filesystem::path(scratch.path()).parent_path().parent_path();
  std::vector<RejectedItem> damaged;
  const std::vector<Scene> scenes = kept_scenes(folder, damaged, KeptCheck::contents);
  fuzz::require(scenes.size() + damaged.size() == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::ScratchFile scratch("kept/one/scene.json");
  const std::string text = fuzz::text_of(data, size);
  read(scratch, text);
  const auto scene = nlohmann::json::parse(text, nullptr, false);
  if (scene.is_discarded()) return 0;
  try {
    const nlohmann::json whole{{"format", 1}, {"sha256", sha256_text(scene.dump())}, {"scene", scene}};
    read(scratch, whole.dump());
  } catch (const nlohmann::json::exception&) {  // a text that is not UTF-8
  }
  return 0;
}
