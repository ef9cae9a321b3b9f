#include "pipeline/io/scenes/scene_source.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/mgrs.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/products/asset_path.hpp"
#include "pipeline/io/products/aws_tile.hpp"
#include "pipeline/io/products/band_images.hpp"
#include "pipeline/io/products/esa_names.hpp"
#include "pipeline/io/products/hls_product.hpp"
#include "pipeline/io/products/maja_product.hpp"
#include "pipeline/io/products/product_files.hpp"
#include "pipeline/io/products/safe_product.hpp"
#include "pipeline/io/products/stac_item.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/io/scenes/remembered_scene.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int deepest_level = 16;
constexpr std::size_t most_files = 100'000;
constexpr std::array<std::string_view, 6> tape_endings{".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst"};
constexpr std::array<std::string_view, 4> system_folders{"lost+found", "System Volume Information", "$RECYCLE.BIN",
                                                         "@eaDir"};

bool is_remote(const std::string& reference) {
  return reference.find("://") != std::string::npos && scheme_of(reference) != "file";
}

/// The href of the page that follows an ItemCollection; empty where there is none.
std::string next_page(const json& collection) {
  const auto links = collection.find("links");
  if (links == collection.end() || !links->is_array()) return {};
  for (const json& link : *links) {
    if (text_member(link, "rel") != "next") continue;
    const std::string href = text_member(link, "href");
    return href.empty() ? "a link without 'href'" : href;
  }
  return {};
}

std::string missing_page(const std::string& href) {
  return "a page of a larger result: its next page is not here: " + redacted(href);
}

/// Ends the listing: not one of the errors that concern a single item.
struct TooMany : std::runtime_error {
  TooMany() : std::runtime_error("more than " + std::to_string(most_files) + " JSON files and products") {}
};

bool is_product_folder(const fs::path& path) {
  const std::string text = path.string();
  return maja_name(path.filename().string()).has_value() || is_safe_product(text) || is_aws_tile(text, true);
}

bool is_archive(const fs::path& path) { return lower_ascii(path.extension().string()) == ".zip"; }

/// "S2A_MSIL2A_20220214T070051_N0400_R120_T38KQA_20220214T085403.zip", "S2A_OPER_PRD_MSIL1C_...SAFE.zip".
bool is_product_by_name(const fs::path& path) {
  const std::string name = path.filename().string();
  return (!platform_of_name(name).empty() && !level_of_name(name).empty()) || maja_name(name).has_value();
}

/// Archives of other names, such as those that the Copernicus Data Space gives by number, are known by what they hold.
bool holds_product(const fs::path& archive) {
  const std::vector<std::string> names = ProductFiles::of_zip(archive.string()).names();
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    const std::string file = fs::path(name).filename().string();
    return file == "manifest.safe" || (file.starts_with("MTD_MSIL") && file.ends_with(".xml"));
  });
}

/// ".tar", "tar.gz" and the like.
bool is_tape_archive(const fs::path& path) {
  const std::string name = lower_ascii(path.filename().string());
  return std::any_of(std::begin(tape_endings), std::end(tape_endings),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

/// What unpacking may leave: X.SAFE/X.SAFE.
bool is_wrapped_product(const fs::path& folder) {
  std::error_code error;
  bool has_product = false;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (it->is_regular_file(error) && name.ends_with(".xml")) return false;
    has_product = has_product || (it->is_directory(error) && name.ends_with(".SAFE"));
  }
  return has_product;
}

/// "T38KQA_20220214T070051_B02_10m.jp2": of one band, tile and time.
bool is_image_of_product(const fs::path& name) {
  const std::optional<BandImage> image = band_image(name.string());
  return image && !image->tile.empty() && !image->taken.empty();
}

/// Folders of systems that nobody else may read, as they lie at the top of a disk.
bool is_of_system(const fs::path& path) {
  const std::string name = path.filename().string();
  return std::find(std::begin(system_folders), std::end(system_folders), name) != std::end(system_folders);
}

/// Why a product may not be whole; empty where it is.
std::string unsettled(const fs::path& path, std::chrono::seconds settled_after) {
  const bool is_folder = fs::is_directory(path);
  const fs::file_time_type last =
      is_folder ? ProductFiles::of_folder(path.string()).last_written() : fs::last_write_time(path);
  const auto age = std::chrono::floor<std::chrono::seconds>(fs::file_time_type::clock::now() - last);
  if (std::chrono::abs(age) >= settled_after || (is_folder && is_complete_by_manifest(path.string()))) return {};
  return "written to " + std::to_string(age.count()) + " s ago: not read before it has rested for " +
         std::to_string(settled_after.count()) + " s";
}

class Lister {
 public:
  explicit Lister(const ListingOptions& options) : options_(options) {}

  void add_folder(const fs::path& folder) {
    if (is_product_folder(folder)) {
      add_product(folder);
      return;
    }
    std::error_code none;
    const Folder top{folder, fs::canonical(folder, none)};
    is_new(top.real);
    if (const std::error_code error = search(top)) throw DataError("cannot list: " + error.message());
    // What links lead to comes last: what lies here itself is known by its own path.
    while (!folders_.empty() || !links_.empty()) {
      if (folders_.empty()) {
        std::set<fs::path> links = std::move(links_);
        links_.clear();
        for (const fs::path& link : links) add_link(link);
        continue;
      }
      const Folder next = std::move(folders_.back());
      folders_.pop_back();
      const std::error_code error = search(next);
      if (error && !(error == std::errc::permission_denied && is_of_system(next.path))) {
        reject(next.path.string(), "cannot list: " + error.message());
      }
    }
    read_documents();
    reject_loose_images();
  }

  /// One granule or several of a product. AWS's tiles and THEIA's products are one each.
  void add_product(const fs::path& path) {
    count_file();
    const bool is_maja = maja_name(path.filename().string()).has_value();
    const bool is_safe = !is_maja && is_safe_product(path.string());
    std::vector<std::string> granules;
    try {
      if (const std::string why = unsettled(path, options_.settled_after); !why.empty()) throw DataError(why);
      granules = is_safe ? safe_granules(path.string()) : std::vector{path.string()};
    } catch (const DataError& error) {
      reject(path.string(), error.what());
    } catch (const fs::filesystem_error& error) {
      reject(path.string(), error.code().message());
    }
    for (const std::string& granule : granules) {
      try {
        add(is_maja ? read_maja_product(granule) : is_safe ? read_safe_product(granule) : read_aws_tile(granule));
      } catch (const DataError& error) {
        reject(granule, error.what());
      } catch (const fs::filesystem_error& error) {
        reject(granule, error.code().message());
      }
    }
  }

  /// The granules of HLS whose files lie in a folder, beside whatever else.
  void add_hls(const fs::path& folder) {
    try {
      for (const std::string& granule : hls_granules(folder.string())) {
        count_file();
        try {
          if (const std::string why = unsettled(granule, options_.settled_after); !why.empty()) throw DataError(why);
          add(read_hls_product(granule));
        } catch (const DataError& error) {
          reject(granule, error.what());
        }
      }
    } catch (const DataError& error) {
      reject(folder.string(), error.what());
    }
  }

  /// The file that the user named: throws DataError where there is nothing to list.
  void add_document(const std::string& path) {
    std::error_code error;
    root_ = fs::canonical(fs::absolute(path), error).parent_path();
    seen_.insert(fs::canonical(path, error));
    const std::string text = read_json_text(path);
    const json document = parse_json(text);
    const std::string type = text_member(document, "type");
    if (type != "Feature" && type != "FeatureCollection" && type != "Catalog" && type != "Collection") {
      throw DataError("neither a STAC item, an ItemCollection, a collection nor a catalog");
    }
    add_parsed(path, text, document, 0);
  }

  /// The granule of HLS of which the user named a file.
  void add_granule(const std::string& file) { add(read_hls_product(file)); }

  SourceListing take() {
    std::sort(listing_.scenes.begin(), listing_.scenes.end(), is_listed_before);
    std::sort(listing_.rejected.begin(), listing_.rejected.end(), [](const RejectedItem& a, const RejectedItem& b) {
      return std::tie(a.path, a.reason) < std::tie(b.path, b.reason);
    });
    return std::move(listing_);
  }

 private:
  struct Folder {
    fs::path path;  // by which it was found
    fs::path real;  // without links
  };

  /// Takes what lies in a folder; its subfolders are to be searched next. What was found before an error counts.
  std::error_code search(const Folder& folder) {
    std::error_code error;
    bool has_hls = false;
    std::string image;
    for (fs::directory_iterator entry(folder.path, error), end; !error && entry != end; entry.increment(error)) {
      const fs::path name = entry->path().filename();
      has_hls = has_hls || hls_image(name.string());
      if (image.empty() && is_image_of_product(name)) image = name.string();
      if (!name.string().starts_with('.')) add_entry(*entry, folder.real / name);
    }
    if (has_hls) add_hls(folder.path);
    if (!image.empty()) image_folders_.emplace_back(folder, std::move(image));
    return error;
  }

  /// Images that lie beside the items that name them are read by those; others say nothing of offsets and clouds.
  void reject_loose_images() {
    if (image_folders_.empty()) return;
    std::set<fs::path> described;
    for (const ListedScene& listed : listing_.scenes) {
      for (const auto& [band, asset] : listed.scene.bands) described.insert(fs::path(asset.path).parent_path());
    }
    for (const RejectedItem& item : listing_.rejected) described.insert(fs::path(item.path).parent_path());
    std::optional<std::set<fs::path>> really_described;  // without links; asked for where the paths as given differ
    const auto is_described = [&](const Folder& folder) {
      if (described.count(folder.path) != 0) return true;
      if (!really_described) {
        std::error_code none;
        really_described.emplace();
        for (const fs::path& path : described) really_described->insert(fs::weakly_canonical(path, none));
      }
      return really_described->count(folder.real) != 0;
    };
    for (const auto& [folder, image] : image_folders_) {
      if (is_described(folder)) continue;
      reject(folder.path.string(), "images of bands, " + image +
                                       " for one, that no item or product here describes: not read; compare and index "
                                       "take such a folder as a scene");
    }
  }

  /// What it is the listing of the folder says: nothing else is asked for files that are of no use, and there are many.
  void add_entry(const fs::directory_entry& entry, const fs::path& real) {
    const fs::path& path = entry.path();
    std::error_code error;
    if (!entry.is_symlink(error) && !error) {
      if (entry.is_directory(error)) {
        add_folder_or_product(path, real);
      } else {
        add_file(path, real);
      }
      return;
    }
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) {
      reject(path.string(), "a link to nothing");
    } else if (error) {
      reject(path.string(), "cannot read: " + error.message());
    } else {
      links_.insert(path);
    }
  }

  /// Whether a file or folder has not been seen by another path.
  bool is_new(const fs::path& real) { return seen_.insert(real).second; }

  void add_folder_or_product(const fs::path& path, const fs::path& real) {
    if (!is_new(real)) return;
    if (is_product_folder(path) && !is_wrapped_product(path)) {
      add_product(path);
    } else {
      folders_.push_back({path, real});
    }
  }

  /// Links to folders lead to products and items that are taken as if they lay here, once each.
  void add_link(const fs::path& path) {
    std::error_code error;
    const fs::path real = fs::canonical(path, error);
    if (error) {
      reject(path.string(), "cannot read: " + error.message());
      return;
    }
    if (!fs::is_directory(real, error)) {
      if (seen_.count(real) == 0) add_file(path, real);
      return;
    }
    const fs::path here = fs::canonical(path.parent_path(), error);
    const auto [end_of_real, rest] = std::mismatch(real.begin(), real.end(), here.begin(), here.end());
    if (end_of_real == real.end()) {
      reject(path.string(), "a link that leads back to a folder that it lies in");
      return;
    }
    add_folder_or_product(path, real);
  }

  void add_file(const fs::path& path, const fs::path& real) {
    const std::string extension = lower_ascii(path.extension().string());
    const bool is_json = extension == ".json" || extension == ".geojson";
    if (!is_json && !is_archive(path) && !is_tape_archive(path)) return;
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) return;  // gone since it was listed
    if (error) {
      reject(path.string(), "cannot read: " + error.message());
    } else if (!fs::is_regular_file(status)) {
      reject(path.string(), "is no regular file");
    } else if (!is_new(real)) {
      return;
    } else if (is_tape_archive(path)) {
      reject(path.string(), "a tar archive, which is not read: unpack it, or pack it as .zip");
    } else if (is_json) {
      count_file();
      documents_.push_back(path.string());
    } else if (is_product_by_name(path)) {
      add_product(path);
    } else {
      add_archive(path);
    }
  }

  void add_archive(const fs::path& path) {
    count_file();
    try {
      if (!holds_product(path)) throw DataError("a zip archive without a Sentinel-2 product in it");
      add_product(path);
    } catch (const DataError& error) {
      reject(path.string(), error.what());
    }
  }

  void add(ProductScene read) { listing_.scenes.push_back({std::move(read.scene), std::move(read.fingerprint)}); }

  void count_file() {
    if (++files_ > most_files) throw TooMany();
  }

  void reject(const std::string& path, std::string reason) { reject(path, std::move(reason), listing_); }

  static void reject(const std::string& path, std::string reason, SourceListing& listing) {
    if (reason.rfind(path + ": ", 0) == 0) reason.erase(0, path.size() + 2);
    listing.rejected.push_back({path, std::move(reason)});
  }

  /// An item of a catalog is of the collection that led to it, another one of that which it links to.
  StacItemOptions options_of(const std::string& path) {
    StacItemOptions options;
    options.collection = [this, path](const std::string& href) -> std::shared_ptr<const StacCollection> {
      if (!collections_.empty()) return collections_.back();
      const std::scoped_lock lock(linked_mutex_);
      const auto [known, is_new] = linked_.try_emplace({fs::path(path).parent_path(), href});
      if (is_new) known->second = read_linked_collection(path, href);
      return known->second;
    };
    return options;
  }

  /// Whether it is an item that can be used and says all by itself: of others the scene is their collection's, too.
  bool add_item(const std::string& path, const std::string& text, SourceListing& listing) {
    try {
      bool asked_collection = false;
      StacItemOptions options = options_of(path);
      options.collection = [&, ask = std::move(options.collection)](const std::string& href) {
        asked_collection = true;
        return ask(href);
      };
      listing.scenes.push_back({parse_stac_item(text, path, options), sha256_text(text)});
      return !asked_collection;
    } catch (const DataError& error) {
      reject(path, error.what(), listing);
      return false;
    }
  }

  /// The JSON files that folders hold, side by side.
  void read_documents() {
    std::vector<SourceListing> found(documents_.size());
    options_.parallel(static_cast<int>(documents_.size()), [&](int i) {
      const auto number = static_cast<std::size_t>(i);
      if (!recall_item(documents_[number], found[number])) read_document(documents_[number], found[number]);
    });
    for (SourceListing& one : found) {
      std::move(one.scenes.begin(), one.scenes.end(), std::back_inserter(listing_.scenes));
      std::move(one.rejected.begin(), one.rejected.end(), std::back_inserter(listing_.rejected));
    }
  }

  bool recall_item(const std::string& path, SourceListing& listing) const {
    if (options_.memory == nullptr) return false;
    const std::optional<FileIdentity> identity = file_identity(path);
    if (!identity) return false;
    const auto text = options_.memory->recall(path, text_of(*identity));
    std::optional<ListedScene> listed = text ? unpacked_scene(*text, path) : std::nullopt;
    if (!listed) return false;
    listing.scenes.push_back(*std::move(listed));
    return true;
  }

  /// Notes what an item said by itself. `before` is what its file was before it was read.
  void remember_item(const std::string& path, const FileIdentity& before, const ListedScene& listed) const {
    FileMemory& memory = *options_.memory;
    if (!has_rested(before, memory.rest()) || file_identity(path) != before) return;
    if (std::optional<std::string> text = packed_scene(listed, path)) {
      memory.note(path, text_of(before), *std::move(text));
    }
  }

  void read_document(const std::string& path, SourceListing& listing) {
    try {
      const std::optional<FileIdentity> before = options_.memory != nullptr ? file_identity(path) : std::nullopt;
      const std::string text = read_json_text(path);
      // Of other JSON no more than its own members is kept.
      const std::map<std::string, std::string> top = top_texts(text);
      const auto type = top.find("type");
      if (type == top.end()) return;
      if (type->second == "Feature" && top.count("stac_version") != 0) {
        const bool is_whole = add_item(path, text, listing);
        if (is_whole && before) remember_item(path, *before, listing.scenes.front());
      }
      if (type->second == "FeatureCollection") add_collection_of_items(path, parse_json(text), listing);
    } catch (const DataError& error) {
      reject(path, error.what(), listing);
    }
  }

  /// Collections of other features, sites for example, are passed over. A next page that is here is found by itself.
  void add_collection_of_items(const std::string& path, const json& collection, SourceListing& listing) {
    const auto features = collection.find("features");
    if (features == collection.end() || !features->is_array()) return;
    bool has_items = false;
    for (const json& feature : *features) {
      if (!feature.is_object() || !feature.contains("stac_version")) continue;
      has_items = true;
      add_feature(path, feature, listing);
    }
    const std::string next = next_page(collection);
    if (has_items && !next.empty() && !is_file_beside(path, next)) reject(path, missing_page(next), listing);
  }

  void add_parsed(const std::string& path, const std::string& text, const json& document, int level) {
    const std::string type = text_member(document, "type");
    if (type == "Feature") {
      add_item(path, text, listing_);
    } else if (type == "FeatureCollection") {
      add_pages(path, document);
    } else if (type == "Collection") {
      collections_.push_back(parse_stac_collection(text));
      follow_links(path, document, level);
      collections_.pop_back();
    } else if (type == "Catalog") {
      follow_links(path, document, level);
    } else {
      throw DataError("neither a STAC item, an ItemCollection, a collection nor a catalog");
    }
  }

  /// An ItemCollection and the pages that follow it.
  void add_pages(std::string path, json page) {
    for (;;) {
      const auto features = page.find("features");
      if (features == page.end() || !features->is_array()) throw DataError("'features' is not an array");
      for (const json& feature : *features) add_feature(path, feature, listing_);
      const std::string href = next_page(page);
      if (href.empty()) return;
      try {
        std::string name;
        if (!seen_.insert(linked_file(path, href, name)).second) return;
        count_file();
        page = parse_json(read_json_text(name));
        if (text_member(page, "type") != "FeatureCollection") throw DataError("is no ItemCollection");
        path = name;
      } catch (const DataError& error) {
        reject(path, missing_page(href) + " (" + error.what() + ")");
        return;
      }
    }
  }

  static bool is_file_beside(const std::string& path, const std::string& href) {
    try {
      if (is_remote(href)) return false;
      const std::vector<std::string> paths = paths_of_href(href);
      return std::any_of(paths.begin(), paths.end(), [&](const std::string& one) {
        std::error_code none;
        return fs::is_regular_file(fs::path(path).parent_path() / one, none);
      });
    } catch (const DataError&) {
      return false;
    }
  }

  void add_feature(const std::string& path, const json& feature, SourceListing& listing) {
    count_file();
    const std::string text = feature.dump();
    const std::string name = path + "#" + text_member(feature, "id");
    try {
      ListedScene listed{parse_stac_item(text, path, options_of(path)), sha256_text(text)};
      listed.scene.source = name;
      listing.scenes.push_back(std::move(listed));
    } catch (const DataError& error) {
      const std::string reason = error.what();
      reject(name, reason.rfind(path + ": ", 0) == 0 ? reason.substr(path.size() + 2) : reason, listing);
    }
  }

  void follow_links(const std::string& path, const json& document, int level) {
    const auto links = document.find("links");
    if (links == document.end() || !links->is_array()) throw DataError("'links' is not an array");
    for (const json& link : *links) {
      const std::string relation = text_member(link, "rel");
      const bool leads_to_items = relation == "item" || relation == "items";
      if (leads_to_items || relation == "child" || relation == "next")
        follow(path, text_member(link, "href"), level + 1);
    }
  }

  /// The file of the catalog's folder that a link leads to, without links of the file system; `name` is that by which
  /// it is known. Throws DataError.
  fs::path linked_file(const std::string& from, const std::string& href, std::string& name) const {
    name = href;
    if (href.empty() || href.find('\0') != std::string::npos) throw DataError("a link without usable 'href'");
    if (is_remote(href)) throw DataError("remote: only files can be read");
    fs::path real;
    std::error_code error;
    bool is_first = true;  // it is reported where none is there
    for (const std::string& path : paths_of_href(href)) {
      const std::string place = (fs::path(from).parent_path() / path).lexically_normal().string();
      std::error_code missing;
      const fs::path found = fs::canonical(place, missing);
      if (is_first || !missing) {
        name = place;
        real = found;
        error = missing;
      }
      is_first = false;
      if (!missing) break;
    }
    if (error) throw DataError("cannot read: " + error.message());
    const fs::path inside = real.lexically_relative(root_);
    if (inside.empty() || *inside.begin() == "..") throw DataError("the link leaves the catalog's folder");
    return real;
  }

  void follow(const std::string& from, const std::string& href, int level) {
    std::string name = href;
    try {
      if (!seen_.insert(linked_file(from, href, name)).second) return;
      if (level > deepest_level) {
        throw DataError("linked more than " + std::to_string(deepest_level) + " levels deep");
      }
    } catch (const DataError& error) {
      reject(name.empty() ? from : name, error.what());
      return;
    }
    count_file();
    try {
      const std::string text = read_json_text(name);
      add_parsed(name, text, parse_json(text), level);
    } catch (const DataError& error) {
      reject(name, error.what());
    }
  }

  ListingOptions options_;
  std::vector<Folder> folders_;                                // to be searched
  std::vector<std::pair<Folder, std::string>> image_folders_;  // with an image of a band that lies there
  std::set<fs::path> links_;                                   // to be followed
  fs::path root_;
  std::set<fs::path> seen_;
  std::vector<std::shared_ptr<const StacCollection>> collections_;  // that lead to what is read now, the nearest last
  std::map<std::pair<fs::path, std::string>, std::shared_ptr<const StacCollection>> linked_;  // by item's folder, href
  std::mutex linked_mutex_;
  std::vector<std::string> documents_;  // JSON files of folders, to be read
  std::atomic<std::size_t> files_ = 0;
  SourceListing listing_;
};

}  // namespace

bool is_listed_before(const ListedScene& a, const ListedScene& b) {
  const auto order_of = [](const Scene& scene) {
    return std::tie(scene.acquired, scene.tile, scene.processing_baseline, scene.processed, scene.id, scene.source);
  };
  return order_of(a.scene) < order_of(b.scene);
}

SourceListing list_scenes(const std::string& source, const ListingOptions& options) {
  if (is_remote(source)) throw DataError(source + ": remote sources cannot be read, only folders and files");
  Lister lister(options);
  try {
    std::error_code none;
    if (fs::is_directory(source, none)) {
      lister.add_folder(source);
    } else if (maja_name(fs::path(source).filename().string()) || is_safe_product(source)) {
      lister.add_product(source);
    } else if (is_hls_product(source)) {
      lister.add_granule(source);
    } else {
      lister.add_document(source);
    }
  } catch (const fs::filesystem_error& error) {
    throw DataError(source + ": cannot list: " + error.what());
  } catch (const TooMany& error) {
    throw DataError(source + ": " + error.what());
  } catch (const DataError& error) {
    const std::string reason = error.what();
    throw DataError(reason.rfind(source + ": ", 0) == 0 ? reason : source + ": " + reason);
  }
  return lister.take();
}

}  // namespace pitwatch
