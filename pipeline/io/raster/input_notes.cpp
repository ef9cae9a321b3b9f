#include "pipeline/io/raster/input_notes.hpp"

#include <cpl_vsi.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

// GDAL asks for many ranges at once where a file system can fetch them together, which is another way through its
// drivers. Files that are here are read as they are without us.
constexpr const char* local_prefix = "/vsipitwatch_noted/";
constexpr const char* remote_prefix = "/vsipitwatch_noted_remote/";

/// The log of the process.
struct Active {
  std::mutex mutex;
  std::atomic<std::uint64_t> number{0};
  std::uint64_t last_number = 0;           // guarded by mutex
  std::shared_ptr<InputLog::Notes> notes;  // guarded by mutex
};

Active& active() {
  static Active& it = *new Active();
  return it;
}

/// "/vsizip/{/a/b.zip}/c.jp2" -> "/a/b.zip"; another name as it is. Braces in the archive's own name come in pairs.
std::string file_behind(const std::string& name) {
  constexpr std::string_view zip = "/vsizip/{";
  if (!name.starts_with(zip)) return name;
  int depth = 1;
  for (std::size_t i = zip.size(); i < name.size(); ++i) {
    if (name[i] == '{') ++depth;
    if (name[i] == '}' && --depth == 0) return name.substr(zip.size(), i - zip.size());
  }
  return name;
}

InputIdentity identity_of(const struct stat& status) {
  return {static_cast<std::uint64_t>(status.st_size),
          std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec, status.st_ino};
}

// ---- GDAL's way to the notes -----------------------------------------------------------------------------------

struct OpenFile {
  VSILFILE* file;
  std::shared_ptr<InputNotes> notes;  // null where the log ended before the file was opened
};

OpenFile& file_of(void* file) { return *static_cast<OpenFile*>(file); }

/// GDAL may have taken the prefix away.
std::string_view real_name(std::string_view name) {
  for (const std::string_view prefix : {local_prefix, remote_prefix}) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  return name;
}

/// GDAL calls C: nothing may be thrown through it.
template <typename Result, typename Action>
Result or_failure(Result failure, const Action& action) {
  try {
    return action();
  } catch (const std::exception&) {
    errno = ENOMEM;
    return failure;
  }
}

void note_identity(const std::string& path, InputNotes& notes) {
  if (const auto identity = pitwatch::identity_of(path)) notes.opened(*identity);
}

void* open(void*, const char* name, const char* access) {
  return or_failure<void*>(nullptr, [&]() -> void* {
    if (std::string_view(access).find_first_of("wa+") != std::string_view::npos) {
      errno = EROFS;
      return nullptr;
    }
    const std::string path(real_name(name));
    auto open = std::make_unique<OpenFile>(OpenFile{nullptr, input_notes_of(path)});
    // Before it is opened: one that takes its place in between is found to be another. A server tells afterwards.
    const bool is_remote = is_remote_input(path);
    if (open->notes && !is_remote) note_identity(path, *open->notes);
    open->file = VSIFOpenExL(path.c_str(), access, TRUE);
    if (open->file == nullptr) return nullptr;
    if (open->notes && is_remote) note_identity(path, *open->notes);
    return open.release();
  });
}

int stat(void*, const char* name, VSIStatBufL* into, int flags) {
  return or_failure<int>(-1, [&] { return VSIStatExL(std::string(real_name(name)).c_str(), into, flags); });
}

vsi_l_offset tell(void* file) { return VSIFTellL(file_of(file).file); }

int seek(void* file, vsi_l_offset offset, int whence) { return VSIFSeekL(file_of(file).file, offset, whence); }

std::size_t read(void* file, void* into, std::size_t size, std::size_t count) {
  return or_failure<std::size_t>(0, [&] {
    OpenFile& it = file_of(file);
    const vsi_l_offset from = it.notes ? VSIFTellL(it.file) : 0;
    const std::size_t got = VSIFReadL(into, size, count, it.file);
    if (it.notes) it.notes->read(from, VSIFTellL(it.file) - from);
    return got;
  });
}

int read_ranges(void* file, int count, void** into, const vsi_l_offset* from, const std::size_t* bytes) {
  return or_failure<int>(-1, [&] {
    OpenFile& it = file_of(file);
    const int result = VSIFReadMultiRangeL(count, into, from, bytes, it.file);
    for (int i = 0; it.notes && result == 0 && i < count; ++i) it.notes->read(from[i], bytes[i]);
    return result;
  });
}

int at_end(void* file) { return VSIFEofL(file_of(file).file); }

int close(void* file) {
  const std::unique_ptr<OpenFile> it(&file_of(file));
  return VSIFCloseL(it->file);
}

void install() {
  const std::unique_ptr<VSIFilesystemPluginCallbacksStruct, void (*)(VSIFilesystemPluginCallbacksStruct*)> callbacks(
      VSIAllocFilesystemPluginCallbacksStruct(), &VSIFreeFilesystemPluginCallbacksStruct);
  callbacks->open = open;
  callbacks->stat = stat;
  callbacks->tell = tell;
  callbacks->seek = seek;
  callbacks->read = read;
  callbacks->eof = at_end;
  callbacks->close = close;
  bool installed = VSIInstallPluginHandler(local_prefix, callbacks.get()) == 0;
  callbacks->read_multi_range = read_ranges;
  installed = installed && VSIInstallPluginHandler(remote_prefix, callbacks.get()) == 0;
  if (!installed) throw std::runtime_error("GDAL takes no file systems");
}

}  // namespace

std::optional<InputIdentity> identity_of(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return std::nullopt;
  return identity_of(status);
}

std::optional<InputIdentity> identity_of(const std::string& gdal_name) {
  const std::string file = file_behind(gdal_name);
  InputIdentity identity;
  if (!file.starts_with("/vsi")) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return std::nullopt;
    identity = identity_of(status);
    if (file == gdal_name) return identity;
  }
  VSIStatBufL status{};
  if (VSIStatExL(gdal_name.c_str(), &status, VSI_STAT_EXISTS_FLAG | VSI_STAT_SIZE_FLAG) != 0) return std::nullopt;
  identity.size = static_cast<std::uint64_t>(status.st_size);
  return identity;
}

bool is_remote_input(const std::string& gdal_name) {
  const std::string file = file_behind(gdal_name);
  return is_on_network(file) || file.starts_with("/vsicurl/");
}

void InputNotes::opened(const InputIdentity& identity) {
  const std::lock_guard lock(mutex_);
  if (!content_.identity) content_.identity = identity;
  content_.has_changed = content_.has_changed || *content_.identity != identity;
}

void InputNotes::read(std::uint64_t offset, std::uint64_t bytes) {
  if (bytes == 0 || bytes > std::numeric_limits<std::uint64_t>::max() - offset) return;
  const std::uint64_t end = offset + bytes;
  const std::lock_guard lock(mutex_);
  // Most reads go on where the one before them ended.
  if (last_ == ranges_.end() || offset < last_->first || offset > last_->second) {
    last_ = ranges_.upper_bound(offset);
    const bool meets = last_ != ranges_.begin() && std::prev(last_)->second >= offset;
    last_ = meets ? std::prev(last_) : ranges_.emplace_hint(last_, offset, end);
  }
  last_->second = std::max(last_->second, end);
  for (auto next = std::next(last_); next != ranges_.end() && next->first <= last_->second;) {
    last_->second = std::max(last_->second, next->second);
    next = ranges_.erase(next);
  }
}

InputNotes::Content InputNotes::content() const {
  const std::lock_guard lock(mutex_);
  Content content = content_;
  for (const auto& [from, to] : ranges_) content.ranges.push_back({from, to - from});
  return content;
}

InputLog::InputLog() : notes_(std::make_shared<Notes>()) {
  ensure_gdal();
  static std::once_flag installed;
  std::call_once(installed, install);
  const std::lock_guard lock(active().mutex);
  if (active().notes) throw std::logic_error("there is an InputLog already");
  active().notes = notes_;
  active().number = ++active().last_number;
}

InputLog::~InputLog() {
  const std::lock_guard lock(active().mutex);
  active().number = 0;
  active().notes.reset();
}

std::uint64_t input_log_number() { return active().number.load(std::memory_order_relaxed); }

std::shared_ptr<InputNotes> input_notes_of(const std::string& path) {
  if (input_log_number() == 0) return nullptr;
  std::shared_ptr<InputLog::Notes> notes;
  {
    const std::lock_guard lock(active().mutex);
    notes = active().notes;
  }
  if (!notes) return nullptr;
  const std::lock_guard lock(notes->mutex);
  std::shared_ptr<InputNotes>& file = notes->files[path];
  if (!file) file = std::make_shared<InputNotes>();
  return file;
}

std::string noted_name(const std::string& gdal_name) {
  if (input_log_number() == 0) return gdal_name;
  return (is_remote_input(gdal_name) ? remote_prefix : local_prefix) + gdal_name;
}

std::string without_noted_names(std::string text) {
  for (const std::string_view prefix : {remote_prefix, local_prefix}) {
    for (std::size_t place = 0; (place = text.find(prefix, place)) != std::string::npos;) {
      text.erase(place, prefix.size());
    }
  }
  return text;
}

}  // namespace pitwatch
