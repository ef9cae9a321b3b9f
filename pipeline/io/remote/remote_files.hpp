#pragma once
// Rasters on the network, as GDAL opens them.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "pipeline/io/remote/http_client.hpp"

namespace pitwatch {

/// Makes URLs into names that GDAL opens, and serves the files behind them: those on HTTP servers by a client of ours
/// (http_files.hpp), which checks every URL and redirect against its policy and signs requests as it says; those in
/// buckets by GDAL's own. Thread-safe.
///
/// What is made last serves the whole process, also after this is gone. Signatures are made when a part of a file is
/// asked for, never shown and never in a name. A service's are kept until five minutes before they expire, or until
/// they are refused; those that hold for a whole container do for all of its files.
///
/// Buckets: GDAL keeps to the client's timeouts and its CA file, and tries again after statuses that pass, as the
/// client does, but takes a body that was cut off for the whole: see may_try_again(). Options of GDAL that the
/// environment sets stay as they are: AWS_* say who reads; without any, requests are not signed.
class RemoteFiles {
 public:
  explicit RemoteFiles(std::shared_ptr<HttpClient> client);

  /// A local path as it is; the name of a URL's file. Throws DataError, the URL redacted, for what the policy does not
  /// allow, for what is to be signed and is not https, and for a token that is missing from the environment.
  std::string gdal_name(const std::string& path_or_url);

  /// Before a file in a bucket that failed is opened anew: has GDAL forget what it received of it, and waits as the
  /// client would after `attempt`, counted from 1. False where no attempt is left, or none of the client's deadline
  /// `since` the first began, the failure is one that stays, or the client has tried already.
  bool may_try_again(const std::string& gdal_name, const std::string& failure, int attempt,
                     std::chrono::steady_clock::time_point since);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Bytes that GDAL has received from buckets since the process began. Counted from the first RemoteFiles on.
/// Thread-safe.
std::int64_t raster_bytes_received();

}  // namespace pitwatch
