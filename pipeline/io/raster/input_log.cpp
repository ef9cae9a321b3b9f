#include "pipeline/io/raster/input_log.hpp"

#include <cpl_vsi.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/gdal_errors.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/json_number.hpp"
#include "pipeline/io/raster/input_notes.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

constexpr std::size_t buffer_bytes = 1 << 20;
constexpr const char* gone = "is gone";

/// Bytes of an input, read past the log.
class Bytes {
 public:
  virtual ~Bytes() = default;
  /// All of them; throws DataError.
  virtual void read(std::uint64_t offset, unsigned char* into, std::size_t bytes) = 0;
};

class LocalBytes final : public Bytes {
 public:
  explicit LocalBytes(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) throw DataError(errno == ENOENT ? gone : std::string("cannot open: ") + std::strerror(errno));
  }
  ~LocalBytes() override { ::close(descriptor_); }
  LocalBytes(const LocalBytes&) = delete;
  LocalBytes& operator=(const LocalBytes&) = delete;

  void read(std::uint64_t offset, unsigned char* into, std::size_t bytes) override {
    while (bytes > 0) {
      const ssize_t got = ::pread(descriptor_, into, bytes, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw DataError(std::string("cannot read: ") + std::strerror(errno));
      if (got == 0) throw DataError("ends too early");
      into += got;
      offset += static_cast<std::uint64_t>(got);
      bytes -= static_cast<std::size_t>(got);
    }
  }

 private:
  int descriptor_;
};

/// Of a member of an archive.
class GdalBytes final : public Bytes {
 public:
  explicit GdalBytes(const std::string& name) : file_(VSIFOpenL(name.c_str(), "rb"), &VSIFCloseL) {
    if (!file_) throw DataError(errors_.explain("cannot open"));
  }
  void read(std::uint64_t offset, unsigned char* into, std::size_t bytes) override {
    const bool done = VSIFSeekL(file_.get(), offset, SEEK_SET) == 0 && VSIFReadL(into, 1, bytes, file_.get()) == bytes;
    if (!done || errors_.failed()) throw DataError(errors_.explain("cannot read"));
  }

 private:
  GdalErrorCapture errors_;
  std::unique_ptr<VSILFILE, int (*)(VSILFILE*)> file_;
};

/// Throws DataError, without the path.
std::string sha256_of(const std::string& path, const std::vector<ByteRange>& ranges) {
  std::unique_ptr<Bytes> bytes;
  if (path.starts_with("/vsi")) {
    bytes = std::make_unique<GdalBytes>(path);
  } else {
    bytes = std::make_unique<LocalBytes>(path);
  }
  Sha256 hash;
  std::vector<unsigned char> buffer;
  for (const ByteRange& range : ranges) {
    for (std::uint64_t done = 0; done < range.bytes;) {
      const auto some = static_cast<std::size_t>(std::min<std::uint64_t>(range.bytes - done, buffer_bytes));
      if (buffer.size() < some) buffer.resize(some);
      bytes->read(range.offset + done, buffer.data(), some);
      hash.add(buffer.data(), some);
      done += some;
    }
  }
  return hash.hex();
}

void expect_same(const std::string& path, const std::optional<InputIdentity>& was) {
  const std::optional<InputIdentity> now = identity_of(path);
  if (!now) throw DataError(gone);
  if (now != was) throw DataError("has changed since it was read");
}

/// `before` is what it came to earlier.
InputFile hashed(const std::string& path, const InputNotes::Content& content, const InputFile& before) {
  InputFile file{path, content.identity ? content.identity->size : 0, content.ranges, {}, is_remote_input(path), {}};
  if (file.is_remote) return file;
  try {
    if (content.has_changed) throw DataError("has changed while it was read");
    expect_same(path, content.identity);
    const bool is_known = !before.sha256.empty() && before.size == file.size && before.ranges == file.ranges;
    std::string hash = is_known ? before.sha256 : sha256_of(path, file.ranges);
    expect_same(path, content.identity);
    file.sha256 = std::move(hash);
  } catch (const DataError& error) {
    file.error = error.what();
  }
  return file;
}

/// "bytes 8-4095".
std::string text_of(const InputFile& file) {
  if (file.is_whole()) return "its bytes are";
  const std::string span =
      "bytes " + std::to_string(file.ranges.front().offset) + "-" + std::to_string(file.ranges.back().end() - 1);
  if (file.ranges.size() == 1) return span + " are";
  return "of " + span + ", the " + std::to_string(file.ranges.size()) + " ranges that were read are";
}

bool is_utf8(const std::string& text) {
  try {
    json(text).dump();
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

std::vector<ByteRange> ranges_of(const json& read, std::uint64_t size) {
  if (read == "all") return size > 0 ? std::vector<ByteRange>{{0, size}} : std::vector<ByteRange>{};
  if (!read.is_array()) throw DataError("'read' is no list of ranges");
  std::vector<ByteRange> ranges;
  for (const json& pair : read) {
    if (!pair.is_array() || pair.size() != 2) {
      throw DataError("'read' has a range that is no pair of offset and bytes");
    }
    const ByteRange range{whole_number<std::uint64_t>(pair[0]), whole_number<std::uint64_t>(pair[1])};
    const bool in_order = ranges.empty() || range.offset > ranges.back().end();
    if (!in_order || range.bytes == 0 || range.offset > size || range.bytes > size - range.offset) {
      throw DataError("'read' has ranges that are beyond the file or out of order");
    }
    ranges.push_back(range);
  }
  return ranges;
}

}  // namespace

std::vector<InputFile> InputLog::files(const ParallelFor& parallel_for) const {
  std::vector<std::pair<std::string, InputNotes::Content>> noted;
  std::map<std::string, InputFile> before;
  {
    const std::lock_guard lock(notes_->mutex);
    before = notes_->hashed;
    for (const auto& [path, notes] : notes_->files) {
      InputNotes::Content content = notes->content();
      // Looked for, or opened and then not read: nothing came of it.
      if (!content.ranges.empty()) noted.emplace_back(path, std::move(content));
    }
  }
  std::vector<InputFile> files(noted.size());
  parallel_for(static_cast<int>(noted.size()), [&](int i) {
    const auto at = static_cast<std::size_t>(i);
    const auto& [path, content] = noted[at];
    const auto earlier = before.find(path);
    files[at] = hashed(path, content, earlier == before.end() ? InputFile{} : earlier->second);
  });
  const std::lock_guard lock(notes_->mutex);
  for (const InputFile& file : files) notes_->hashed.insert_or_assign(file.path, file);
  return files;
}

std::optional<std::string> recheck(const InputFile& file) {
  if (file.sha256.empty()) return file.is_remote ? "is on the network" : "has no hash: " + file.error;
  try {
    const std::optional<InputIdentity> now = identity_of(file.path);
    if (!now) return gone;
    if (now->size != file.size) {
      return "has another size: " + std::to_string(now->size) + " bytes, not " + std::to_string(file.size);
    }
    if (sha256_of(file.path, file.ranges) != file.sha256) return text_of(file) + " not those that were read";
  } catch (const DataError& error) {
    return error.what();
  }
  return std::nullopt;
}

std::string input_file_json(const InputFile& file) {
  nlohmann::ordered_json object;
  const std::string path = file.is_remote ? redacted(file.path) : file.path;
  if (is_utf8(path)) {
    object["path"] = path;
  } else {
    object["path_bytes"] = percent_encoded(path);
  }
  object["size"] = file.size;
  if (file.is_whole()) {
    object["read"] = "all";
  } else {
    object["read"] = json::array();
    for (const ByteRange& range : file.ranges) object["read"].push_back({range.offset, range.bytes});
  }
  if (!file.sha256.empty()) object["sha256"] = file.sha256;
  if (file.is_remote) object["remote"] = true;
  if (!file.error.empty()) object["error"] = file.error;
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

InputFile parse_input_file(std::string_view text) {
  try {
    const json object = json::parse(text);
    if (!object.is_object()) throw DataError("not an object");
    InputFile file;
    file.path = object.contains("path") ? object.at("path").get<std::string>()
                                        : percent_decoded(object.at("path_bytes").get<std::string>());
    file.size = whole_number<std::uint64_t>(object.at("size"));
    file.ranges = ranges_of(object.at("read"), file.size);
    file.sha256 = object.value("sha256", "");
    file.is_remote = object.value("remote", false);
    file.error = object.value("error", "");
    if (!file.sha256.empty() && !is_sha256(file.sha256)) throw DataError("'sha256' is no hash");
    return file;
  } catch (const json::exception& error) {
    throw DataError(std::string("not the record of an input: ") + error.what());
  } catch (const DataError& error) {
    throw DataError(std::string("not the record of an input: ") + error.what());
  }
}

}  // namespace pitwatch
