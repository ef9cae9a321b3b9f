#include "pipeline/chips/chip_journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/files/write_refusal.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

// A journal's file: a line of what it is, a line "KEPT BYTES PATH" for each change (BYTES "-": the file goes), an empty
// line, the bytes of all changes one after the other, and the SHA-256 of all that.
constexpr std::string_view first_line = "pitwatch chips 1\n";
constexpr std::string_view extension = ".chips";
constexpr std::size_t hash_digits = 64;
constexpr std::size_t number_digits = 6;
constexpr std::uint64_t largest_journal_bytes = std::uint64_t{2} << 30;
constexpr std::uint64_t largest_chip_file_bytes = std::uint64_t{64} << 20;

std::string journal_folder(const std::string& state, const std::string& place) {
  return state + "/chips/.unpublished/" + place;
}

/// The files of a journal with the number of acquisitions after which each was written, in order.
std::vector<std::pair<std::size_t, std::string>> journals_in(const std::string& folder) {
  std::vector<std::pair<std::size_t, std::string>> journals;
  std::error_code none;
  for (fs::directory_iterator it(folder, none), end; !none && it != end; it.increment(none)) {
    const std::string name = it->path().filename().string();
    if (!name.ends_with(extension)) continue;
    const char* const last = name.data() + name.size() - extension.size();
    std::size_t number = 0;
    const auto [rest, error] = std::from_chars(name.data(), last, number);
    if (error == std::errc() && rest == last) journals.emplace_back(number, it->path().string());
  }
  std::sort(journals.begin(), journals.end());
  return journals;
}

/// "SITE/ALERT/FILE", none of them hidden, none leading elsewhere.
bool is_chip_path(std::string_view path) {
  constexpr int folders = 2;
  constexpr std::size_t longest = 500;
  bool begins = true;
  int slashes = 0;
  for (const char c : path) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                          c == '_' || (c == '.' && !begins);
    if (c == '/' ? begins : !is_plain) return false;
    begins = c == '/';
    slashes += begins ? 1 : 0;
  }
  return !begins && slashes == folders && path.size() <= longest;
}

std::string_view line_of(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) throw DataError("is damaged: a line has no end");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) throw DataError("is damaged: a number is none");
  return number;
}

std::string piece_of(const std::string& path, std::uint64_t begin, std::uint64_t bytes) {
  std::ifstream in(path, std::ios::binary);
  std::string piece(bytes, '\0');
  in.seekg(static_cast<std::streamoff>(begin));
  if (!in.read(piece.data(), static_cast<std::streamsize>(bytes))) throw DataError(path + ": cannot be read");
  return piece;
}

/// Beside its place, to be renamed; not durable yet.
void write_beside(const std::string& path, const std::string& temporary, std::string_view bytes) {
  const auto fail = [&](const char* what) {
    const int reason = errno;
    expect_may_write(fs::path(path).parent_path().string(), reason);
    throw IoError(path + ": " + what + ": " + std::strerror(reason));
  };
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (file < 0) fail("cannot create");
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int reason = errno;
      ::close(file);
      ::unlink(temporary.c_str());
      errno = reason;
      fail("cannot write");
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::close(file) != 0 || std::rename(temporary.c_str(), path.c_str()) != 0) {
    const int reason = errno;
    ::unlink(temporary.c_str());
    errno = reason;
    fail("cannot write");
  }
}

/// All that was written below a folder outlasts a loss of power. One call for thousands of files: each by itself would
/// take minutes.
void make_all_durable(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool failed = descriptor < 0 || (::syncfs(descriptor) != 0 && errno != EINVAL);
  const int reason = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (failed) throw IoError(folder + ": cannot make durable: " + std::strerror(reason));
}

/// Of a file as it is; empty where there is none, or something else.
std::string sha256_of_present(const std::string& path) {
  try {
    const auto size = size_of_regular_file(path);
    return size ? hash_of_regular_file(path, *size).value_or("") : "";
  } catch (const DataError&) {
    return "";
  }
}

}  // namespace

// ---- what a journal comes to ----

void PendingChips::add(const std::string& journal) {
  try {
    const std::string whole = read_whole_file(journal, largest_journal_bytes);
    if (whole.size() < hash_digits) throw DataError("is damaged: it is cut off");
    const std::string_view content = std::string_view(whole).substr(0, whole.size() - hash_digits);
    if (sha256_text(content) != whole.substr(content.size())) throw DataError("is damaged: its SHA-256 is another");
    std::string_view rest = content;
    if (!rest.starts_with(first_line)) throw DataError("is no journal of chips that this program knows");
    rest.remove_prefix(first_line.size());
    struct Entry {
      std::string path;
      std::uint64_t kept = 0;
      std::optional<std::uint64_t> bytes;
    };
    std::vector<Entry> entries;
    std::uint64_t total = 0;
    for (std::string_view line = line_of(rest); !line.empty(); line = line_of(rest)) {
      const std::size_t first = line.find(' ');
      const std::size_t second = line.find(' ', first + 1);
      if (first == std::string_view::npos || second == std::string_view::npos ||
          !is_chip_path(line.substr(second + 1))) {
        throw DataError("is damaged: a line is no change of a chip");
      }
      Entry& entry = entries.emplace_back();
      entry.kept = number_of(line.substr(0, first));
      entry.path = line.substr(second + 1);
      if (const std::string_view bytes = line.substr(first + 1, second - first - 1); bytes != "-") {
        entry.bytes = number_of(bytes);
        if (*entry.bytes > rest.size()) throw DataError("is damaged: a change is longer than all of it");
        total += *entry.bytes;
      }
    }
    if (total != rest.size()) throw DataError("is damaged: it is longer or shorter than its changes");
    std::uint64_t begin = content.size() - rest.size();
    for (const Entry& entry : entries) {
      const std::uint64_t bytes = entry.bytes.value_or(0);
      change(entry.path, entry.kept,
             entry.bytes ? std::optional<Piece>({journal, begin, bytes, entry.kept}) : std::nullopt);
      begin += bytes;
    }
  } catch (const DataError& error) {
    throw DataError(journal + ": " + error.what());
  }
}

void PendingChips::add(const std::string& journal, std::span<const ChipChange> changes, std::uint64_t begin) {
  for (const ChipChange& one : changes) {
    const std::uint64_t bytes = one.bytes ? one.bytes->size() : 0;
    change(one.path, one.kept_bytes,
           one.bytes ? std::optional<Piece>({journal, begin, bytes, one.kept_bytes}) : std::nullopt);
    begin += bytes;
  }
}

void PendingChips::change(const std::string& path, std::uint64_t kept, std::optional<Piece> piece) {
  std::vector<Piece>& pieces = files_[path];
  if (kept == 0) pieces.clear();
  if (piece) pieces.push_back(std::move(*piece));
}

std::optional<std::string> PendingChips::content(const std::string& path) const {
  const std::string file = state_ + "/chips/" + path;
  const auto on_disk = [&]() -> std::optional<std::string> {
    try {
      return read_regular_file(file, largest_chip_file_bytes);
    } catch (const DataError& error) {
      throw DataError(file + ": " + error.what());
    }
  };
  const auto found = files_.find(path);
  if (found == files_.end()) return on_disk();
  if (found->second.empty()) return std::nullopt;
  std::string content;
  if (found->second.front().kept > 0) content = on_disk().value_or("");
  for (const Piece& piece : found->second) {
    content.resize(std::min<std::uint64_t>(content.size(), piece.kept));
    content += piece_of(piece.journal, piece.begin, piece.bytes);
  }
  return content;
}

std::vector<std::string> PendingChips::names_in(const std::string& folder) const {
  std::set<std::string> names;
  std::error_code none;
  for (fs::directory_iterator it(state_ + "/chips/" + folder, none), end; !none && it != end; it.increment(none)) {
    names.insert(it->path().filename().string());
  }
  const std::string begin = folder + "/";
  for (auto it = files_.lower_bound(begin); it != files_.end() && it->first.starts_with(begin); ++it) {
    const std::string name = it->first.substr(begin.size());
    if (it->second.empty()) {
      names.erase(name);
    } else {
      names.insert(name);
    }
  }
  return {names.begin(), names.end()};
}

std::vector<std::string> PendingChips::paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, pieces] : files_) paths.push_back(path);
  return paths;
}

// ---- the journal of a place ----

ChipJournal::ChipJournal(std::string state, std::string place, std::size_t acquisitions,
                         std::vector<std::string>& damaged)
    : folder_(journal_folder(state, place)), pending_(std::move(state)) {
  remove_leftovers(folder_);
  bool is_whole = true;
  for (const auto& [number, journal] : journals_in(folder_)) {
    if (is_whole && number <= acquisitions) {
      try {
        pending_.add(journal);
        continue;
      } catch (const DataError& error) {
        damaged.emplace_back(error.what());
        is_whole = false;  // later ones go on from it
      }
    }
    std::error_code none;
    fs::remove(journal, none);
  }
}

void ChipJournal::note(std::span<const ChipChange> changes, std::size_t acquisitions) {
  if (changes.empty()) return;
  std::string text(first_line);
  for (const ChipChange& change : changes) {
    text += std::to_string(change.kept_bytes) + ' ' +
            (change.bytes ? std::to_string(change.bytes->size()) : std::string("-")) + ' ' + change.path + '\n';
  }
  text += '\n';
  const std::size_t begin = text.size();
  for (const ChipChange& change : changes) {
    if (change.bytes) text += *change.bytes;
  }
  text += sha256_text(text);
  std::string number = std::to_string(acquisitions);
  number.insert(0, number_digits - std::min(number_digits, number.size()), '0');
  const std::string path = folder_ + "/" + number + std::string(extension);
  if (!fs::is_directory(folder_)) {
    make_folder(folder_);
    constexpr int made = 4;  // chips/.unpublished/SITE/PANE at most
    std::string folder = folder_;
    for (int i = 0; i < made; ++i, folder = fs::path(folder).parent_path().string()) make_name_durable(folder);
  }
  write_file_atomically(path, text);
  pending_.add(path, changes, begin);
}

// ---- publishing ----

ChipPublication::ChipPublication(const std::string& state, std::span<const std::string> places) : state_(state) {
  for (const std::string& place : places) {
    PendingChips& pending = pending_.emplace_back(state);
    for (const auto& [number, journal] : journals_in(journal_folder(state, place))) {
      pending.add(journal);
      journals_.push_back(journal);
    }
    for (const std::string& path : pending.paths()) {
      const std::optional<std::string> content = pending.content(path);
      files_.push_back({"chips/" + path, content ? content->size() : 0, content ? sha256_text(*content) : "",
                        sha256_of_present(state + "/chips/" + path)});
    }
  }
  std::sort(files_.begin(), files_.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
}

void ChipPublication::apply() const {
  if (files_.empty()) return;
  for (const PendingChips& pending : pending_) {
    for (const std::string& path : pending.paths()) {
      const fs::path file = state_ + "/chips/" + path;
      const fs::path folder = file.parent_path();
      const std::optional<std::string> content = pending.content(path);
      std::error_code error;
      if (!content) {
        fs::remove(file, error);
        if (error) throw IoError(file.string() + ": cannot be removed: " + error.message());
        continue;
      }
      make_folder(folder.string());
      write_beside(file.string(), folder.string() + "/.unpublished.tmp", *content);
    }
  }
  make_all_durable(state_ + "/chips");
}

void ChipPublication::forget() const {
  std::error_code none;
  for (const std::string& journal : journals_) fs::remove(journal, none);
}

}  // namespace pitwatch
