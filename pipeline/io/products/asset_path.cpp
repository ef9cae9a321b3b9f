#include "pipeline/io/products/asset_path.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/inner_path.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

/// An item may name files of its own folder and files by absolute path, nothing else: items come from outside.
std::string local_path(const std::string& href, const fs::path& folder) {
  const std::vector<std::string> paths = paths_of_href(href);
  if (paths.front()[0] == '/') return paths.front();
  const std::optional<std::string> joined = path_inside(folder, paths.front());
  if (!joined) throw DataError("path leaves the item's folder: " + href);
  std::error_code none;
  if (paths.size() == 1 || fs::exists(*joined, none)) return *joined;
  const std::optional<std::string> other = paths[1][0] != '/' ? path_inside(folder, paths[1]) : std::nullopt;
  return other && fs::exists(*other, none) ? *other : *joined;
}

/// The folder as the user wrote it; never empty, so that no asset path can begin with a name that GDAL takes for the
/// prefix of a driver ("GTIFF_DIR:...").
fs::path folder_of(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

}  // namespace

std::string scheme_of(const std::string& href) {
  const std::size_t colon = href.find(':');
  if (colon == std::string::npos || colon < 2) return {};
  const bool valid = std::all_of(href.begin(), href.begin() + static_cast<std::ptrdiff_t>(colon), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.' || c == '_';
  });
  return valid ? lower_ascii(href.substr(0, colon)) : std::string{};
}

std::vector<std::string> paths_of_href(const std::string& href) {
  if (href.empty() || href.find('\0') != std::string::npos) throw DataError("'href' is empty or broken");
  std::string path = href;
  const std::string scheme = scheme_of(href);
  if (scheme == "file") {
    path = percent_decoded(href.substr(5));
    if (path.rfind("//localhost/", 0) == 0) path.erase(0, 11);
    if (path.rfind("///", 0) == 0) path.erase(0, 2);
    if (path.empty() || path[0] != '/' || path.rfind("//", 0) == 0)
      throw DataError("not a local file: " + redacted(href));
  } else if (!scheme.empty()) {
    throw DataError("scheme not supported: " + redacted(href));
  }
  if (path.find('\0') != std::string::npos) throw DataError("'href' is broken");
  // GDAL reads archives, memory and the network through such paths.
  if (path.rfind("/vsi", 0) == 0) throw DataError("virtual path not supported: " + redacted(href));
  std::vector<std::string> paths{path};
  const std::string decoded = percent_decoded(path);
  if (scheme.empty() && decoded != path && decoded.find('\0') == std::string::npos) paths.push_back(decoded);
  return paths;
}

std::string asset_path(const std::string& href, const std::string& source) {
  if (href.empty() || href.find('\0') != std::string::npos) throw DataError("'href' is empty or broken");
  if (is_url(href) && scheme_of(href) != "file") return resolve_url(href, href);
  if (!is_url(source)) return local_path(href, folder_of(source));
  // What lies on the network names no file of this machine.
  if (!scheme_of(href).empty()) throw DataError("scheme not supported: " + redacted(href));
  return resolve_url(source, href);
}

}  // namespace pitwatch
