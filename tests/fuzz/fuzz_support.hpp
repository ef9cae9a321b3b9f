#pragma once
// What the fuzz functions share.

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace pitwatch::fuzz {

/// Ends the process where a parser has broken a promise, which the fuzzer counts as a crash.
inline void require(bool promise) {
  if (!promise) std::abort();
}

inline std::string text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// For parsers that take a path: a file in memory, alone in a folder of this process, removed at its end.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& name)
      : folder_("/dev/shm/pitwatch_fuzz_" + std::to_string(::getpid())), path_(folder_ + "/" + name) {
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path());
  }
  ~ScratchFile() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  const std::string& path() const { return path_; }
  void write(std::string_view bytes) const {
    std::ofstream(path_, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

 private:
  std::string folder_;
  std::string path_;
};

}  // namespace pitwatch::fuzz
