// Any bytes, as an href: it is refused, or what comes of it keeps to its host and shows no secret.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "pipeline/core/error.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace {

void require(bool promise) {
  if (!promise) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string shown = redacted(text);
  require(redacted(shown) == shown);
  try {
    const std::string resolved = resolve_url("https://base.example.org/stac/item.json", text);
    const RemoteUrl url = parse_remote_url(resolved);
    require(!url.host.empty() && !url.path.empty() && url.path[0] == '/');
    require(is_url(text) || text.starts_with("//") || url.host == "base.example.org");
    const std::string cut = redacted(resolved);
    require(cut.find('?') == std::string::npos || cut.substr(cut.find('?')) == "?...");
    RemotePolicy policy;
    policy.schemes = {"https", "http", "s3"};
    policy.hosts = {"*"};
    policy.buckets = {{"*", ""}};
    const std::string name = gdal_path(resolved, policy);
    require(name.rfind("/vsipitwatch/http", 0) == 0 || name.rfind("/vsis3/", 0) == 0);
    const std::string path = name.substr(0, name.find('?'));
    require(path.find("/../") == std::string::npos);
    require(url.scheme == "s3" || url.host != "localhost");  // a bucket may be called so
  } catch (const DataError&) {
  }
  return 0;
}
