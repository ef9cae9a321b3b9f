#pragma once
// Files on HTTP servers as GDAL reads them: part by part, through a client of ours. Used inside this folder only.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "pipeline/io/remote/http_client.hpp"

namespace pitwatch {

/// What names of such files begin with; a URL follows.
inline constexpr const char* http_files_prefix = "/vsipitwatch/";

/// As HttpClient::get_part() of a URL. Throws DataError. Called from any thread.
using ReadPart = std::function<HttpPart(const std::string& url, std::int64_t from, std::int64_t count,
                                        std::chrono::milliseconds most_time)>;

/// From now on GDAL opens "/vsipitwatch/URL" and reads it by `read`, in place of what was given before. Files are open
/// for reading alone; nothing is listed, and what is beside a file is not looked for. The first 32 KiB of a file, with
/// which its header comes in one request, are kept for whoever opens it next. Reads of less than 16 KiB take what
/// follows with them, more of it while they go on one after the other; ranges that are asked for together and lie
/// within a kilobyte of each other come together. From opening to closing, a file may be waited for as long as
/// `most_time` in all. A part that is of another file than the first one, by its size, its ETag or, without one, its
/// Last-Modified, is an error. Errors are reported to GDAL's error handler, URLs redacted.
void serve_http_files(ReadPart read, std::chrono::milliseconds most_time);

}  // namespace pitwatch
