#include "pipeline/io/files/memory_file.hpp"

#include <cpl_vsi.h>

#include <atomic>

#include "pipeline/core/error.hpp"

namespace pitwatch {

MemoryFile::MemoryFile(const std::string& name) {
  static std::atomic<unsigned> counter{0};
  folder_ = "/vsimem/pitwatch-" + std::to_string(counter.fetch_add(1));
  path_ = folder_ + "/" + name;
}

MemoryFile::~MemoryFile() { VSIRmdirRecursive(folder_.c_str()); }

std::string MemoryFile::content() const {
  vsi_l_offset size = 0;
  const GByte* const bytes = VSIGetMemFileBuffer(path_.c_str(), &size, FALSE);
  if (bytes == nullptr) throw IoError("a file in memory was not written");
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

}  // namespace pitwatch
