#include "pipeline/io/files/file_memory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/packed_text.hpp"
#include "pipeline/io/files/regular_file.hpp"

// Layout: mark, SHA-256 of all that follows it as 64 hexadecimal digits, then as Packer has it: the identity of the
// program, number of entries, and of each key, identity, value, by key.

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view mark = "PITWATCH MEMORY 1\n";
constexpr std::string_view ending = ".memory";
constexpr std::size_t digest_digits = 64;
constexpr std::size_t name_digits = 16;
constexpr std::uint64_t largest_file_bytes = std::uint64_t{128} << 20;
constexpr std::size_t most_kept_bytes = std::size_t{64} << 20;
constexpr std::chrono::hours forgotten_after{90 * 24};
constexpr std::int64_t ns_per_s = 1'000'000'000;

std::int64_t ns_of(const timespec& time) { return std::int64_t{time.tv_sec} * ns_per_s + time.tv_nsec; }

/// Whether nobody but this user can put a file there.
bool is_own(const std::string& folder) {
  struct stat facts {};
  return ::stat(folder.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) && facts.st_uid == ::geteuid() &&
         (facts.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// Makes the folder, and those above it, for this user alone.
bool make_own(const std::string& folder) {
  std::error_code error;
  fs::create_directories(fs::path(folder).parent_path(), error);
  if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) return false;
  return is_own(folder);
}

void remove_forgotten(const std::string& folder) {
  std::error_code none;
  const auto now = fs::file_time_type::clock::now();
  for (fs::directory_iterator it(folder, none), end; it != end; it.increment(none)) {
    if (it->path().extension() != ending) continue;
    const auto written = fs::last_write_time(it->path(), none);
    if (!none && now - written > forgotten_after) fs::remove(it->path(), none);
  }
}

}  // namespace

std::optional<FileIdentity> file_identity(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
  return FileIdentity{static_cast<std::uint64_t>(facts.st_dev), static_cast<std::uint64_t>(facts.st_ino),
                      static_cast<std::uint64_t>(facts.st_size), ns_of(facts.st_mtim), ns_of(facts.st_ctim)};
}

std::string text_of(const FileIdentity& identity) {
  Packer packer;
  packer.add(identity.device);
  packer.add(identity.inode);
  packer.add(identity.bytes);
  packer.add(identity.modified_ns);
  packer.add(identity.changed_ns);
  return packer.take();
}

bool has_rested(const FileIdentity& identity, std::chrono::milliseconds rest) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  const std::int64_t rest_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(rest).count();
  return now_ns - std::max(identity.changed_ns, identity.modified_ns) >= rest_ns;
}

FileMemory::FileMemory(const std::string& folder, const std::string& kind, const std::string& subject,
                       std::chrono::milliseconds rest)
    : folder_(folder), rest_(rest) {
  if (folder.empty()) return;
  // What one build made of a file another one may not.
  const std::optional<FileIdentity> program = file_identity("/proc/self/exe");
  if (!program) return;
  program_ = text_of(*program);
  path_ =
      (fs::path(folder) / (kind + "-" + sha256_text(subject).substr(0, name_digits) + std::string(ending))).string();
  read();
}

void FileMemory::read() {
  try {
    if (!is_own(folder_)) return;
    text_ = read_regular_file(path_, largest_file_bytes).value_or("");
    parse();
  } catch (const DataError&) {
    entries_.clear();
  }
}

void FileMemory::parse() {
  std::string_view rest = text_;
  if (!rest.starts_with(mark) || rest.size() < mark.size() + digest_digits) return;
  const std::string_view digest = rest.substr(mark.size(), digest_digits);
  rest.remove_prefix(mark.size() + digest_digits);
  if (sha256_text(rest) != digest) return;
  Unpacker unpacker(rest);
  if (unpacker.text() != program_) return;
  for (std::size_t left = unpacker.count(); left > 0; --left) {
    const std::string_view key = unpacker.text();
    Entry& entry = entries_[key];
    entry.identity = unpacker.text();
    entry.value = unpacker.text();
  }
}

std::optional<std::string_view> FileMemory::recall(const std::string& key, std::string_view identity) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.identity != identity) return std::nullopt;
  found->second.is_used.store(true, std::memory_order_relaxed);
  return found->second.value;
}

void FileMemory::note(std::string key, std::string identity, std::string value) {
  if (!is_on()) return;
  const std::scoped_lock lock(mutex_);
  noted_.insert_or_assign(std::move(key), Noted{std::move(identity), std::move(value)});
}

void FileMemory::save() {
  if (!is_on() || noted_.empty()) return;
  struct Kept {
    std::string_view identity;
    std::string_view value;
  };
  std::map<std::string_view, Kept> kept;
  std::size_t bytes = 0;
  const auto keep = [&](std::string_view key, std::string_view identity, std::string_view value) {
    const std::size_t more = key.size() + identity.size() + value.size();
    if (bytes + more > most_kept_bytes) return;
    if (kept.emplace(key, Kept{identity, value}).second) bytes += more;
  };
  for (const auto& [key, noted] : noted_) keep(key, noted.identity, noted.value);
  for (const bool used : {true, false}) {
    for (const auto& [key, entry] : entries_) {
      if (entry.is_used.load(std::memory_order_relaxed) == used) keep(key, entry.identity, entry.value);
    }
  }
  Packer packer;
  packer.add(std::string_view(program_));
  packer.add(std::uint64_t{kept.size()});
  for (const auto& [key, entry] : kept) {
    packer.add(key);
    packer.add(entry.identity);
    packer.add(entry.value);
  }
  const std::string body = packer.take();
  try {
    if (!make_own(folder_)) return;
    remove_forgotten(folder_);
    AtomicFile file(path_);
    file.append(mark);
    file.append(sha256_text(body));
    file.append(body);
    file.commit();
  } catch (const std::exception&) {  // the next time is slow again
  }
}

}  // namespace pitwatch
