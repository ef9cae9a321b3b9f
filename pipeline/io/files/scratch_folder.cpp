#include "pipeline/io/files/scratch_folder.hpp"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "pipeline/core/error.hpp"

namespace pitwatch {

ScratchFolder::ScratchFolder() : path_((std::filesystem::temp_directory_path() / "pitwatch-XXXXXX").string()) {
  if (::mkdtemp(path_.data()) == nullptr) throw IoError(path_ + ": cannot be made: " + std::strerror(errno));
}

ScratchFolder::~ScratchFolder() {
  std::error_code none;
  std::filesystem::remove_all(path_, none);
}

}  // namespace pitwatch
