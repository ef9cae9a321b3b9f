#include "pipeline/io/files/atomic_folder.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/write_refusal.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view temporary_mark = ".tmp-";

std::string temporary_prefix(const fs::path& path) {
  return "." + path.filename().string() + std::string(temporary_mark);
}

/// Unique within the machine's running processes.
std::string temporary_name(const fs::path& path) {
  static std::atomic<unsigned> counter{0};
  return (path.parent_path() /
          (temporary_prefix(path) + std::to_string(::getpid()) + "-" + std::to_string(counter.fetch_add(1))))
      .string();
}

/// All that is in a folder, and last the folder itself. Messages name it as `shown`.
void make_tree_durable(const fs::path& folder, const fs::path& shown) {
  try {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      if (entry.is_symlink()) continue;
      const fs::path shown_entry = shown / entry.path().filename();
      if (entry.is_directory()) {
        make_tree_durable(entry.path(), shown_entry);
      } else {
        make_durable(entry.path().string(), shown_entry.string());
      }
    }
    make_durable(folder.string(), shown.string());
  } catch (const fs::filesystem_error& error) {
    throw IoError(shown.string() + ": cannot make durable: " + error.code().message());
  }
}

}  // namespace

void remove_folder_leftovers(const std::string& folder, std::string_view prefix) {
  std::error_code ignored;  // a folder that cannot be listed or cleaned is not in the way of a new one
  for (fs::directory_iterator it(folder, ignored), end; it != end; it.increment(ignored)) {
    const std::string name = it->path().filename().string();
    const std::size_t mark = name.rfind(temporary_mark);
    if (!name.starts_with(prefix) || mark == std::string::npos) continue;
    const long process = std::strtol(name.c_str() + mark + temporary_mark.size(), nullptr, 10);
    if (process > 0 && ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH) {
      fs::remove_all(it->path(), ignored);
    }
  }
}

AtomicFolder::AtomicFolder(const std::string& path) : path_(path), temporary_(temporary_name(path)) {
  const fs::path parent = fs::path(path_).parent_path();
  remove_folder_leftovers(parent.empty() ? "." : parent.string(), temporary_prefix(path_));
  std::error_code error;
  if (!fs::create_directory(temporary_, error)) {
    expect_may_write(parent.string(), error.value());
    throw IoError(path_ + ": cannot create: " + (error ? error.message() : std::strerror(EEXIST)));
  }
}

AtomicFolder::~AtomicFolder() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

std::string AtomicFolder::operator/(std::string_view name) const { return (fs::path(temporary_) / name).string(); }

void AtomicFolder::make_folder(std::string_view name) const {
  std::error_code error;
  fs::create_directories(*this / name, error);
  if (error) expect_may_write(path_, error.value());
  if (error) throw IoError((fs::path(path_) / name).string() + ": cannot create: " + error.message());
}

void AtomicFolder::write(std::string_view name, std::string_view content) const {
  std::ofstream file(*this / name, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  if (!file) throw IoError((fs::path(path_) / name).string() + ": cannot write: " + std::strerror(errno));
}

void AtomicFolder::commit() {
  make_tree_durable(temporary_, path_);
  if (std::rename(temporary_.c_str(), path_.c_str()) == 0) {
    temporary_.clear();
  } else if ((errno != ENOTEMPTY && errno != EEXIST) ||
             ::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) != 0) {
    // Where they were exchanged, the temporary name is that of the older folder, which goes with this object.
    const int reason = errno;
    expect_may_write(fs::path(path_).parent_path().string(), reason);
    throw IoError(path_ + ": cannot rename into place: " + std::strerror(reason));
  }
  make_name_durable(path_);
}

}  // namespace pitwatch
