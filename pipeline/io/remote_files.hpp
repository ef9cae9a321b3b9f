#pragma once
// Rasters on the network, as GDAL opens them.

#include <cstdint>
#include <memory>
#include <string>

#include "pipeline/io/http_client.hpp"

namespace pitwatch {

/// Makes URLs into names that GDAL opens: checks them against the client's policy, signs them, and sets GDAL up.
/// Thread-safe.
///
/// GDAL tries again after statuses that pass, as the client does, but takes a body that was cut off for the whole: see
/// may_try_again(). It keeps to the client's timeouts and its CA file, lists no folders and looks for no files beside
/// those named. Options of GDAL that the environment sets stay as they are: AWS_* say who
/// reads from s3; without any, requests there are not signed. GDAL follows redirects without looking: where a URL leads
/// is found before, by HEAD, once for each that leads nowhere else, and GDAL gets the URL at the end.
///
/// Signatures that hold for a whole container of files are kept until five minutes before they expire.
class RemoteFiles {
 public:
  /// `client` must outlive this. What is set up holds for the whole process.
  explicit RemoteFiles(HttpClient& client);
  ~RemoteFiles();
  RemoteFiles(const RemoteFiles&) = delete;
  RemoteFiles& operator=(const RemoteFiles&) = delete;

  /// Whether gdal_name() would have the URL signed: such a name ends, and is not to be shown or kept.
  bool is_signed(const std::string& path_or_url) const;

  /// A local path as it is; a URL checked, signed and redirected. Throws DataError, the URL redacted, for what the
  /// policy does not allow, also as the target of a redirect, for what is to be signed and is not https, for a token
  /// that is missing from the environment, and for a signer that does not answer as it should.
  std::string gdal_name(const std::string& path_or_url);

  /// Before a file that failed is opened anew: has GDAL forget what it received of it, and waits as the client would
  /// after `attempt`, counted from 1. False where no attempt is left, or the failure is one that stays.
  bool may_try_again(const std::string& gdal_name, const std::string& failure, int attempt);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Bytes that GDAL has received over the network since the process began. Counted from the first RemoteFiles on.
/// Thread-safe.
std::int64_t raster_bytes_received();

}  // namespace pitwatch
