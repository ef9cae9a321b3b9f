#include "pipeline/io/remote/http_files.hpp"

#include <cpl_error.h>
#include <cpl_vsi.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

constexpr std::int64_t head_bytes = 32 << 10;
constexpr std::int64_t least_request_bytes = 16 << 10;
constexpr std::int64_t most_read_ahead_bytes = 1 << 20;
constexpr std::int64_t most_joined_bytes = 16 << 20;
constexpr std::int64_t widest_gap_bytes = 1 << 10;
constexpr std::size_t most_heads = 512;

/// How a file begins, and which one it is.
struct Head {
  std::string bytes;
  std::int64_t whole_bytes = 0;
  std::string etag;
  std::string last_modified;
};

/// Whether a part is one of the file that the head is of. A tag tells files apart by themselves, times only where there
/// are no tags: copies of one file may differ in them.
bool is_of(const HttpPart& part, const Head& head) {
  if (part.whole_bytes != head.whole_bytes) return false;
  if (!part.etag.empty() && !head.etag.empty()) return part.etag == head.etag;
  return part.last_modified.empty() || head.last_modified.empty() || part.last_modified == head.last_modified;
}

/// What all open files have in common.
struct Service {
  std::mutex mutex;
  std::shared_ptr<const ReadPart> read;
  std::chrono::milliseconds most_time{};
  std::map<std::string, std::shared_ptr<const Head>> heads;  // by URL
};

Service& service() {
  static Service& it = *new Service();
  return it;
}

/// The time that an open file has left to wait.
class Patience {
 public:
  Patience() {
    const std::lock_guard lock(service().mutex);
    read_ = service().read;
    most_time_ = service().most_time;
    left_ = most_time_;
  }

  HttpPart read_part(const std::string& url, std::int64_t from, std::int64_t count) {
    using std::chrono::milliseconds;
    if (left_ <= milliseconds::zero()) throw_late(url);
    const auto start = std::chrono::steady_clock::now();
    const auto took = [start] { return std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - start); };
    try {
      HttpPart part = (*read_)(url, from, count, left_);
      left_ -= took();
      if (part.status != 206) throw DataError(status_text(url, part.status));
      return part;
    } catch (const UnavailableError&) {
      left_ -= took();
      if (left_ <= milliseconds::zero()) throw_late(url);
      throw;
    }
  }

 private:
  [[noreturn]] void throw_late(const std::string& url) const {
    throw UnavailableError(redacted(url) + ": not read within " + std::to_string(most_time_.count() / 1000) + " s");
  }

  std::shared_ptr<const ReadPart> read_;
  std::chrono::milliseconds most_time_{};
  std::chrono::milliseconds left_{};
};

std::shared_ptr<const Head> head_of(const std::string& url, Patience& patience) {
  {
    const std::lock_guard lock(service().mutex);
    if (const auto found = service().heads.find(url); found != service().heads.end()) return found->second;
  }
  HttpPart part = patience.read_part(url, 0, head_bytes);
  auto head = std::make_shared<const Head>(
      Head{std::move(part.body), part.whole_bytes, std::move(part.etag), std::move(part.last_modified)});
  const std::lock_guard lock(service().mutex);
  if (service().heads.size() >= most_heads) service().heads.clear();
  service().heads[url] = head;
  return head;
}

/// Whoever opens the file next has it as it is then.
void forget_head(const std::string& url) {
  const std::lock_guard lock(service().mutex);
  service().heads.erase(url);
}

/// One open file. Of one thread at a time.
class OpenFile {
 public:
  explicit OpenFile(std::string url) : url_(std::move(url)), head_(head_of(url_, patience_)) {}

  std::int64_t size() const { return head_->whole_bytes; }
  std::int64_t position() const { return position_; }
  bool is_at_end() const { return at_end_; }
  void seek(std::int64_t position) {
    position_ = position;
    at_end_ = false;
  }

  /// Fewer at the end of the file.
  std::int64_t read(char* into, std::int64_t bytes) {
    const std::int64_t there = std::clamp(size() - position_, std::int64_t{0}, bytes);
    at_end_ = there < bytes;
    for (std::int64_t done = 0; done < there;) {
      std::int64_t some = copy(head_->bytes, 0, into + done, there - done);
      if (some == 0) some = copy(ahead_, ahead_from_, into + done, there - done);
      if (some == 0) fetch(there - done);
      done += some;
      position_ += some;
    }
    return there;
  }

  struct Range {
    std::int64_t from;
    std::int64_t bytes;
    char* into;
    std::int64_t end() const { return from + bytes; }
  };

  /// Ranges in any order, all of the file.
  void read(std::vector<Range> ranges) {
    std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.from < b.from; });
    for (std::size_t i = 0; i < ranges.size();) {
      const std::int64_t from = ranges[i].from;
      std::int64_t end = ranges[i].end();
      std::size_t next = i + 1;
      while (next < ranges.size() && ranges[next].from <= end + widest_gap_bytes &&
             ranges[next].end() - from <= most_joined_bytes) {
        end = std::max(end, ranges[next++].end());
      }
      const std::string body = read_part(from, end - from);
      if (static_cast<std::int64_t>(body.size()) != end - from) throw DataError(redacted(url_) + ": ends too early");
      for (; i < next; ++i) {
        std::memcpy(ranges[i].into, body.data() + (ranges[i].from - from), static_cast<std::size_t>(ranges[i].bytes));
      }
    }
  }

 private:
  /// Of two files that were there one after the other no part fits the other.
  std::string read_part(std::int64_t from, std::int64_t count) {
    HttpPart part = patience_.read_part(url_, from, count);
    if (is_of(part, *head_)) return std::move(part.body);
    forget_head(url_);
    throw DataError(redacted(url_) + ": has changed while it was read");
  }

  /// Copies from a piece of the file what it has of the position on.
  std::int64_t copy(const std::string& piece, std::int64_t from, char* into, std::int64_t most) const {
    const std::int64_t has = from + static_cast<std::int64_t>(piece.size()) - position_;
    if (position_ < from || has <= 0) return 0;
    const std::int64_t bytes = std::min(has, most);
    std::memcpy(into, piece.data() + (position_ - from), static_cast<std::size_t>(bytes));
    return bytes;
  }

  void fetch(std::int64_t wanted) {
    const bool goes_on = position_ == ahead_from_ + static_cast<std::int64_t>(ahead_.size());
    read_ahead_ = goes_on ? std::min(2 * read_ahead_, most_read_ahead_bytes) : least_request_bytes;
    const std::int64_t bytes = std::min({std::max(wanted, read_ahead_), size() - position_, most_joined_bytes});
    ahead_ = read_part(position_, bytes);
    ahead_from_ = position_;
  }

  std::string url_;
  Patience patience_;
  std::shared_ptr<const Head> head_;
  std::int64_t position_ = 0;
  bool at_end_ = false;
  std::string ahead_;  // what was fetched last
  std::int64_t ahead_from_ = 0;
  std::int64_t read_ahead_ = least_request_bytes;
};

/// GDAL calls C: nothing may be thrown through it.
template <typename Result, typename Action>
Result or_failure(Result failure, const Action& action) {
  try {
    return action();
  } catch (const std::exception& error) {
    CPLError(CE_Failure, CPLE_HttpResponse, "%s", redacted(error.what()).c_str());
    return failure;
  }
}

/// GDAL may have taken the prefix away.
std::string url_of(std::string_view name) {
  if (name.starts_with(http_files_prefix)) name.remove_prefix(std::strlen(http_files_prefix));
  return std::string(name);
}

OpenFile& file_of(void* file) { return *static_cast<OpenFile*>(file); }

void* open(void*, const char* name, const char* access) {
  return or_failure<void*>(nullptr, [&]() -> void* {
    if (std::string_view(access).find_first_of("wa+") != std::string_view::npos) throw DataError("is read alone");
    return std::make_unique<OpenFile>(url_of(name)).release();
  });
}

int stat(void*, const char* name, VSIStatBufL* into, int) {
  const std::string url = url_of(name);
  const std::lock_guard lock(service().mutex);
  const auto found = service().heads.find(url);  // no request: whoever asks has opened it, or looks for what is beside
  if (found == service().heads.end()) return -1;
  *into = {};
  into->st_mode = S_IFREG;
  into->st_size = found->second->whole_bytes;
  return 0;
}

vsi_l_offset tell(void* file) { return static_cast<vsi_l_offset>(file_of(file).position()); }

int seek(void* file, vsi_l_offset offset, int whence) {
  OpenFile& it = file_of(file);
  const std::int64_t base = whence == SEEK_CUR ? it.position() : whence == SEEK_END ? it.size() : 0;
  // A file's header may name any place.
  const std::uint64_t position = static_cast<std::uint64_t>(base) + offset;
  if (position > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return -1;
  it.seek(static_cast<std::int64_t>(position));
  return 0;
}

std::size_t read(void* file, void* into, std::size_t size, std::size_t count) {
  return or_failure<std::size_t>(0, [&]() -> std::size_t {
    if (size == 0 || count == 0) return 0;
    const auto bytes = static_cast<std::int64_t>(size * count);
    return static_cast<std::size_t>(file_of(file).read(static_cast<char*>(into), bytes)) / size;
  });
}

int read_ranges(void* file, int count, void** into, const vsi_l_offset* from, const std::size_t* bytes) {
  return or_failure<int>(-1, [&] {
    std::vector<OpenFile::Range> ranges;
    for (int i = 0; i < count; ++i) {
      const OpenFile::Range range{static_cast<std::int64_t>(from[i]), static_cast<std::int64_t>(bytes[i]),
                                  static_cast<char*>(into[i])};
      if (range.bytes == 0) continue;
      if (range.from < 0 || range.from > file_of(file).size() - range.bytes) throw DataError("ends too early");
      ranges.push_back(range);
    }
    file_of(file).read(std::move(ranges));
    return 0;
  });
}

int at_end(void* file) { return file_of(file).is_at_end() ? 1 : 0; }

int close(void* file) {
  delete &file_of(file);
  return 0;
}

void install() {
  const std::unique_ptr<VSIFilesystemPluginCallbacksStruct, void (*)(VSIFilesystemPluginCallbacksStruct*)> callbacks(
      VSIAllocFilesystemPluginCallbacksStruct(), &VSIFreeFilesystemPluginCallbacksStruct);
  callbacks->open = open;
  callbacks->stat = stat;
  callbacks->tell = tell;
  callbacks->seek = seek;
  callbacks->read = read;
  callbacks->read_multi_range = read_ranges;
  callbacks->eof = at_end;
  callbacks->close = close;
  if (VSIInstallPluginHandler(http_files_prefix, callbacks.get()) != 0) throw DataError("GDAL takes no file systems");
}

}  // namespace

void serve_http_files(ReadPart read, std::chrono::milliseconds most_time) {
  static std::once_flag installed;
  std::call_once(installed, install);
  const std::lock_guard lock(service().mutex);
  service().read = std::make_shared<const ReadPart>(std::move(read));
  service().most_time = most_time;
  service().heads.clear();
}

}  // namespace pitwatch
