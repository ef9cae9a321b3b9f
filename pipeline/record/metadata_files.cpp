#include "pipeline/record/metadata_files.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/hashing.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

/// The files of a product's metadata: a STAC item, or ESA's and AWS's in a folder.
std::vector<std::string> metadata_of(const std::string& source) {
  std::error_code none;
  if (fs::is_regular_file(source, none)) return {source};
  std::vector<std::string> files;
  constexpr int deepest = 2;  // GRANULE/NAME/MTD_TL.xml
  for (fs::recursive_directory_iterator it(source, none), end; it != end && !none; it.increment(none)) {
    if (it.depth() >= deepest) it.disable_recursion_pending();
    const std::string name = it->path().filename().string();
    const bool is_metadata = (name.starts_with("MTD_") && name.ends_with(".xml")) || name == "metadata.xml" ||
                             name == "tileInfo.json" || name == "productInfo.json";
    if (is_metadata && it->is_regular_file(none)) files.push_back(it->path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

void add_metadata(Manifest& manifest) {
  std::set<std::string> known;
  for (const InputFile& input : manifest.inputs) known.insert(input.path);
  for (AcquisitionUsed& used : manifest.acquisitions) {
    for (ProductUsed& product : used.products) {
      for (const std::string& path : metadata_of(product.source)) {
        // Of what was noted before, they are there already.
        if (std::find(product.files.begin(), product.files.end(), path) == product.files.end()) {
          product.files.push_back(path);
        }
        if (!known.insert(path).second) continue;
        std::error_code error;
        const auto size = fs::file_size(path, error);
        if (error) continue;
        InputFile input;
        input.path = path;
        input.size = size;
        if (size > 0) input.ranges = {{0, size}};
        try {
          input.sha256 = sha256_file(path);
        } catch (const DataError& gone) {
          input.error = gone.what();
        }
        manifest.inputs.push_back(std::move(input));
      }
    }
  }
}

}  // namespace pitwatch
