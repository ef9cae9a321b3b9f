#include "pipeline/io/products/safe_product.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "pipeline/core/error.hpp"
#include "pipeline/core/mgrs.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/inner_path.hpp"
#include "pipeline/io/files/xml_tree.hpp"
#include "pipeline/io/products/band_images.hpp"
#include "pipeline/io/products/esa_metadata.hpp"
#include "pipeline/io/products/esa_names.hpp"
#include "pipeline/io/products/product_files.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

// ---- names within a product ------------------------------------------------------------------------------------

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }  // npos + 1 is 0

/// The folder that a path lies in, with '/' at its end; empty at the top.
std::string folder_part(std::string_view path) { return std::string(path.substr(0, path.rfind('/') + 1)); }

/// MTD_MSIL2A.xml; S2A_OPER_MTD_SAFL1C_PDMC_20160905T104813_....xml of old products.
bool is_product_metadata(std::string_view name) {
  if (name == "MTD_MSIL1C.xml" || name == "MTD_MSIL2A.xml") return true;
  const bool old_name =
      name.find("_MTD_SAFL1C_") != std::string_view::npos || name.find("_MTD_SAFL2A_") != std::string_view::npos;
  return old_name && name.starts_with("S2") && name.ends_with(".xml");
}

/// MTD_TL.xml; S2A_OPER_MTD_L1C_TL_SGS__20160905T073438_A006291_T53HLA.xml of old products.
bool is_tile_metadata(std::string_view name) {
  if (name == "MTD_TL.xml") return true;
  const bool old_name =
      name.find("_MTD_L1C_TL_") != std::string_view::npos || name.find("_MTD_L2A_TL_") != std::string_view::npos;
  return old_name && name.starts_with("S2") && name.ends_with(".xml");
}

bool is_datastrip_metadata(std::string_view name) {
  if (name == "MTD_DS.xml") return true;
  return name.starts_with("S2") && name.ends_with(".xml") &&
         (name.find("_MTD_L1C_DS_") != std::string_view::npos || name.find("_MTD_L2A_DS_") != std::string_view::npos);
}

bool is_report_of_checks(std::string_view name) {
  return name.ends_with("_QUALITY.xml") || name == "FORMAT_CORRECTNESS.xml";
}

bool is_zip_name(std::string_view name) {
  return lower_ascii(name.substr(name.size() < 4 ? 0 : name.size() - 4)) == ".zip";
}

bool holds(const fs::path& folder, bool (*is_wanted)(std::string_view)) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (is_wanted(entry->path().filename().string()) && entry->is_regular_file(error)) return true;
  }
  return false;
}

/// "a.zip" of "a.zip/x/y", where that is a file; empty where no archive is named.
std::string archive_of(const std::string& reference) {
  std::error_code error;
  if (is_zip_name(reference)) return fs::is_regular_file(reference, error) ? reference : std::string();
  for (std::size_t slash = reference.find('/', 1); slash != std::string::npos; slash = reference.find('/', slash + 1)) {
    std::string start = reference.substr(0, slash);
    if (is_zip_name(start) && fs::is_regular_file(start, error)) return start;
  }
  return {};
}

std::string without_slash(std::string reference) {
  while (reference.size() > 1 && reference.ends_with('/')) reference.pop_back();
  return reference;
}

// ---- where a reference leads -----------------------------------------------------------------------------------

/// A product, or a granule by itself, whose files have their names from its own folder on.
struct Place {
  ProductFiles files;
  std::string name;     // of the product's folder, of the archive where that is at its top
  std::string path;     // of the product's folder, as in references
  std::string granule;  // that is asked for; empty: the only one
};

/// The folder within an archive that is the product: "X.SAFE/", or "" for the top.
std::string product_folder(const ProductFiles& files) {
  for (const auto is_wanted : {is_product_metadata, is_tile_metadata}) {
    std::set<std::string> folders;
    for (const std::string& name : files.names()) {
      if (is_wanted(last_part(name))) folders.insert(folder_part(name));
    }
    // A tile's copy of the product's metadata does not make another product.
    std::erase_if(folders, [&](const std::string& folder) {
      return std::any_of(folders.begin(), folders.end(),
                         [&](const std::string& other) { return other != folder && folder.starts_with(other); });
    });
    if (folders.size() > 1) throw DataError("the zip archive holds " + std::to_string(folders.size()) + " products");
    if (!folders.empty()) return *folders.begin();
  }
  throw DataError("the zip archive holds no Sentinel-2 product");
}

Place place_in_archive(const std::string& reference, const std::string& archive) {
  ProductFiles files = ProductFiles::of_zip(archive);
  std::string folder = product_folder(files);
  if (folder.ends_with('/')) folder.pop_back();
  Place place{folder.empty() ? files : files.below(folder), std::string(last_part(folder.empty() ? archive : folder)),
              folder.empty() ? archive : archive + "/" + folder, ""};
  if (reference == archive || reference == place.path) return place;
  const std::string start = place.path + "/GRANULE/";
  if (!reference.starts_with(start)) throw DataError("not a granule of the product in the archive");
  place.granule = reference.substr(start.size());
  return place;
}

Place place_of(const std::string& reference) {
  if (const std::string archive = archive_of(reference); !archive.empty()) return place_in_archive(reference, archive);
  std::error_code error;
  fs::path folder(reference);
  if (!fs::is_directory(folder, error)) folder = folder.has_parent_path() ? folder.parent_path() : fs::path(".");
  const auto name_of = [](const fs::path& path) {
    const fs::path absolute = fs::absolute(path).lexically_normal();
    return (absolute.has_filename() ? absolute : absolute.parent_path()).filename().string();
  };
  if (!holds(folder, is_product_metadata)) {
    const fs::path above = fs::absolute(folder).lexically_normal().parent_path();
    if (above.filename() == "GRANULE" && holds(above.parent_path(), is_product_metadata)) {
      // As the user wrote it, as far as that goes.
      const fs::path product = folder.parent_path().parent_path();
      const std::string path = (product.empty() ? above.parent_path() : product).string();
      return {ProductFiles::of_folder(path), name_of(path), path, name_of(folder)};
    }
    if (!holds(folder, is_tile_metadata) && !fs::is_directory(folder / "GRANULE", error)) {
      throw DataError(
          holds(folder, is_datastrip_metadata)
              ? "a datastrip, which is no scene: name its product or a granule"
              : "neither a product's metadata (MTD_MSIL1C.xml, MTD_MSIL2A.xml) nor a granule's (MTD_TL.xml)");
    }
  }
  return {ProductFiles::of_folder(folder.string()), name_of(folder), folder.string(), ""};
}

// ---- parts of a product ----------------------------------------------------------------------------------------

struct GranuleFiles {
  std::string folder;    // "GRANULE/L2A_T38KQA_A034723_20220214T070332/", or "" for the product's own
  std::string metadata;  // empty where there is none

  std::string name() const {
    return folder.empty() ? folder : std::string(last_part(folder.substr(0, folder.size() - 1)));
  }
};

std::optional<std::string> product_metadata_of(const ProductFiles& files) {
  std::optional<std::string> found;
  for (const std::string& name : files.names()) {
    if (!is_product_metadata(name)) continue;
    if (found) throw DataError("metadata of several products: " + *found + ", " + name);
    found = name;
  }
  return found;
}

/// The granules that lie in GRANULE; where there are none, the folder itself as one.
std::vector<GranuleFiles> granules_of(const ProductFiles& files) {
  std::map<std::string, std::string> metadata_by_folder;
  std::string own;
  const std::string_view start = "GRANULE/";
  for (const std::string& name : files.names()) {
    if (name.find('/') == std::string::npos && is_tile_metadata(name)) own = name;
    if (!name.starts_with(start)) continue;
    const std::size_t end = name.find('/', start.size());
    if (end == std::string::npos) continue;
    std::string& metadata = metadata_by_folder[name.substr(0, end + 1)];
    if (name.find('/', end + 1) == std::string::npos && is_tile_metadata(last_part(name))) metadata = name;
  }
  std::vector<GranuleFiles> granules;
  for (const auto& [folder, metadata] : metadata_by_folder) granules.push_back({folder, metadata});
  if (granules.empty()) granules.push_back({"", own});
  return granules;
}

GranuleFiles chosen_granule(const Place& place) {
  std::vector<GranuleFiles> granules = granules_of(place.files);
  if (!place.granule.empty()) {
    const auto found = std::find_if(granules.begin(), granules.end(),
                                    [&](const GranuleFiles& one) { return one.name() == place.granule; });
    if (found == granules.end()) throw DataError("the product has no granule '" + place.granule + "'");
    return *found;
  }
  if (granules.size() > 1) {
    throw DataError("the product has " + std::to_string(granules.size()) + " granules: name one, " + place.path + "/" +
                    granules.front().folder.substr(0, granules.front().folder.size() - 1) + " for example");
  }
  return granules.front();
}

/// Reads, and keeps what was read for the fingerprint.
class MetadataReader {
 public:
  explicit MetadataReader(const ProductFiles& files) : files_(files) {}

  template <typename Parse>
  auto parsed(const std::string& name, Parse parse) {
    const std::string text = files_.read(name);
    record_ += name + "\n" + sha256_text(text) + "\n";
    try {
      return parse(text);
    } catch (const DataError& error) {
      throw DataError(name + ": " + error.what());
    }
  }

  std::string fingerprint() const { return files_.is_archive() ? files_.archive_fingerprint() : sha256_text(record_); }

 private:
  const ProductFiles& files_;
  std::string record_;
};

// ---- images ----------------------------------------------------------------------------------------------------

/// The images that the product's metadata list for the granule, as names of files.
std::vector<std::string> listed_images(const ProductFacts& product, const GranuleFiles& granule, bool is_only_one) {
  std::vector<std::string> images;
  for (const ListedGranule& listed : product.granules) {
    for (const std::string& image : listed.images) {
      check_inner_name(image);
      const bool by_path = image.find('/') != std::string::npos;
      const std::string folder =
          granule.folder.empty() && !listed.id.empty() ? "GRANULE/" + listed.id + "/" : granule.folder;
      const std::string path = (by_path ? image : folder + "IMG_DATA/" + image) + listed.extension;
      const bool is_of_granule = by_path ? path.starts_with(granule.folder) : listed.id == granule.name();
      if (is_of_granule || (is_only_one && !by_path)) images.push_back(path);
    }
  }
  return images;
}

bool is_place_of_images(std::string_view name, const GranuleFiles& granule) {
  if (!name.starts_with(granule.folder)) return false;
  const std::string_view inside = name.substr(granule.folder.size());
  return !granule.folder.empty() || !inside.starts_with("GRANULE/");
}

bool is_probability(Band band) { return band == Band::CLD || band == Band::SNW; }

/// The time of "GS2A_20200302T102021_024515", which the names of its images have; empty where that is not known.
std::string time_of_datatake(const std::string& datatake) {
  constexpr std::size_t length = 15;
  const std::size_t mark = datatake.find('_');
  std::string time = mark == std::string::npos ? std::string() : datatake.substr(mark + 1, length);
  return instant_of_name(time) ? time : std::string();
}

/// Takes out images of another tile or time than the granule's own, with a remark each. Throws DataError where the
/// metadata do not tell whose images of several times are.
void leave_out_others(Scene& scene, std::vector<std::string>& names) {
  const std::string own_time = time_of_datatake(scene.datatake);
  std::string dated;
  std::string time = own_time;
  const auto is_others = [&](const std::string& name) {
    const auto image = band_image(name);
    if (!image) return false;
    const bool is_elsewhere = !image->tile.empty() && !scene.tile.empty() && image->tile != scene.tile;
    const bool is_dated = !is_elsewhere && !image->taken.empty();
    if (is_dated && own_time.empty() && !time.empty() && image->taken != time) {
      throw DataError("images of several times, and no metadata that tell which are its own: " + dated + ", " + name);
    }
    if (is_dated && time.empty()) {
      time = image->taken;
      dated = name;
    }
    if (!is_elsewhere && (!is_dated || image->taken == time)) return false;
    scene.assumptions.push_back(name + " is passed over: by its name it is of " +
                                (is_elsewhere ? image->tile + ", and the scene of " + scene.tile
                                              : image->taken + ", and the scene of " + time));
    return true;
  };
  std::erase_if(names, is_others);
}

void add_images(Scene& scene, const ProductFiles& files, const std::vector<std::string>& listed,
                const GranuleFiles& granule) {
  std::vector<std::string> names = files.names();
  std::erase_if(names, [&](const std::string& name) { return !is_place_of_images(name, granule); });
  std::copy_if(listed.begin(), listed.end(), std::back_inserter(names),
               [&](const std::string& name) { return files.has(name); });
  leave_out_others(scene, names);
  std::map<Band, std::string> images = finest_images(names);
  const bool has_images =
      std::any_of(images.begin(), images.end(), [](const auto& image) { return !is_probability(image.first); });
  if (!has_images) images.merge(finest_images(listed));
  for (const auto& [band, name] : images) scene.bands[band] = {files.gdal_path(name), {}, {}};
}

// ---- the scene -------------------------------------------------------------------------------------------------

void add_reports(Scene& scene, MetadataReader& reader, const ProductFiles& files, const GranuleFiles& granule) {
  for (const std::string& name : files.names()) {
    const std::string_view file = last_part(name);
    const bool of_datastrip =
        name.starts_with("DATASTRIP/") &&
        (scene.datastrip_start.empty() || name.find("_S" + scene.datastrip_start) != std::string::npos);
    const bool of_granule = name.starts_with(granule.folder + "QI_DATA/");
    const bool is_wanted = (of_datastrip && (is_datastrip_metadata(file) || is_report_of_checks(file))) ||
                           (of_granule && is_report_of_checks(file));
    if (!is_wanted || files.size(name) < 2) continue;
    try {
      add_flags(scene, reader.parsed(name, parse_quality_flags));
    } catch (const DataError& error) {
      add_flags(scene, {error.what()});  // it is not needed to use the scene
    }
  }
}

void describe_by_product(Scene& scene, const ProductFacts& product, bool is_only_granule) {
  scene.level = product.level;
  scene.acquired = product.start;
  scene.processed = product.generated;
  scene.platform = product.platform;
  scene.datatake = product.datatake.substr(0, product.datatake.rfind("_N"));
  scene.relative_orbit = product.relative_orbit;
  scene.absolute_orbit = absolute_orbit_of_name(product.datatake);
  if (!is_only_granule) return;
  scene.bbox = product.footprint;
  scene.cloud_cover = product.cloud_cover;
  scene.nodata = product.nodata;
}

/// What is not in the metadata that are there, and the names tell.
void complete_by_names(Scene& scene, const std::string& uri, const std::string& product_name) {
  if (scene.tile.empty()) scene.tile = tile_of_name(uri);
  if (scene.tile.empty()) scene.tile = tile_of_name(product_name);
  if (!scene.relative_orbit) scene.relative_orbit = relative_orbit_of_name(product_name);
}

std::vector<BaselineSource> baseline_sources(const std::optional<ProductFacts>& product,
                                             const std::optional<TileFacts>& tile, const std::string& product_name) {
  std::vector<BaselineSource> sources;
  if (product) sources.push_back({"PROCESSING_BASELINE", product->baseline});
  if (tile) sources.push_back({"TILE_ID", baseline_of_name(tile->id)});
  if (tile) sources.push_back({"DATASTRIP_ID", baseline_of_name(tile->datastrip)});
  sources.push_back({"the product's name", baseline_of_name(product_name)});
  return sources;
}

/// Throws DataError where the metadata of product and granule are not of one scene.
void refuse_other_granule(const std::optional<ProductFacts>& product, const TileFacts& tile, const std::string& uri) {
  const auto compare = [](const char* what, const std::string& one, const char* of_one, const std::string& other,
                          const char* of_other) {
    if (one.empty() || other.empty() || one == other) return;
    throw DataError(std::string(what) + " is " + one + " by " + of_one + ", but " + other + " by " + of_other);
  };
  const std::string name = tile_of_name(tile.id);
  compare("the CRS", tile.crs, "HORIZONTAL_CS_CODE", crs_of_tile(name), "TILE_ID");
  if (!product) return;
  compare("the spacecraft", product->platform, "SPACECRAFT_NAME", platform_of_name(tile.id), "TILE_ID");
  compare("the tile", tile_of_name(uri), "PRODUCT_URI", name, "TILE_ID");
  // A granule is sensed within its datatake, which lasts half an hour at most.
  if (std::chrono::abs(tile.sensed - product->start) > std::chrono::hours(2)) {
    compare("the time", format_instant(product->start), "PRODUCT_START_TIME", format_instant(tile.sensed),
            "SENSING_TIME");
  }
}

/// What the name of the product's folder or archive says otherwise than its metadata, which are believed.
void note_other_name(Scene& scene, const std::string& product_name) {
  const auto note = [&](const char* what, const std::string& own, const std::string& named) {
    if (own.empty() || named.empty() || own == named) return;
    scene.assumptions.push_back("named " + product_name + ", but " + what + " is " + own + " by its metadata");
  };
  note("the spacecraft", scene.platform, platform_of_name(product_name));
  note("the tile", scene.tile, tile_of_name(product_name));
}

Scene scene_of(const Place& place, MetadataReader& reader) {
  const ProductFiles& files = place.files;
  const GranuleFiles granule = chosen_granule(place);
  std::optional<ProductFacts> product;
  std::optional<TileFacts> tile;
  if (const auto name = product_metadata_of(files)) product = reader.parsed(*name, parse_product_metadata);
  if (!granule.metadata.empty()) tile = reader.parsed(granule.metadata, parse_tile_metadata);
  if (!product && !tile) throw DataError("neither the product's nor the granule's metadata are there");
  if (product && tile && product->level != tile->level) {
    throw DataError("a granule of " + tile->level + " in a product of " + product->level);
  }

  Scene scene;
  const bool is_only_granule = (!product || product->granules.size() <= 1) && granules_of(files).size() == 1;
  const std::string product_name =
      place.name.substr(0, place.name.ends_with(".SAFE") ? place.name.size() - 5 : place.name.rfind(".zip"));
  const std::string uri = product ? product->uri.substr(0, product->uri.rfind(".SAFE")) : std::string();
  if (product) {
    scene.id = uri.starts_with("S2") ? uri : product_name;
    describe_by_product(scene, *product, is_only_granule);
  }
  if (tile) {
    if (!product || !is_only_granule) scene.id = tile->id;
    describe_by_tile(scene, *tile);
  }
  if (tile) refuse_other_granule(product, *tile, is_only_granule ? uri : std::string());
  complete_by_names(scene, uri, product_name);
  if (is_only_granule) note_other_name(scene, product_name);
  set_baseline(scene, baseline_sources(product, tile, product_name));

  add_images(scene, files, product ? listed_images(*product, granule, is_only_granule) : std::vector<std::string>(),
             granule);
  calibrate(scene, product ? &product->calibration : nullptr);
  if (product && !(tile && tile->degraded)) add_degraded_share(scene, product->degraded);
  if (product) add_flags(scene, product->failed_checks);
  add_reports(scene, reader, files, granule);
  return scene;
}

}  // namespace

bool is_safe_product(const std::string& reference) {
  const std::string name = without_slash(reference);
  std::error_code error;
  if (!archive_of(name).empty()) return true;
  if (fs::is_regular_file(name, error)) {
    const std::string file = fs::path(name).filename().string();
    return is_product_metadata(file) || is_tile_metadata(file) || file == "manifest.safe";
  }
  if (!fs::is_directory(name, error)) return false;
  return name.ends_with(".SAFE") || holds(name, [](std::string_view file) {
           return is_product_metadata(file) || is_tile_metadata(file) || is_datastrip_metadata(file);
         });
}

std::vector<std::string> safe_granules(const std::string& reference) {
  try {
    const Place place = place_of(without_slash(reference));
    const std::vector<GranuleFiles> granules = granules_of(place.files);
    if (granules.size() < 2 || !place.granule.empty()) return {reference};
    std::vector<std::string> references;
    for (const GranuleFiles& granule : granules) references.push_back(place.path + "/GRANULE/" + granule.name());
    return references;
  } catch (const DataError& error) {
    throw DataError(reference + ": " + error.what());
  } catch (const fs::filesystem_error& error) {
    throw DataError(reference + ": " + error.code().message());
  }
}

ProductScene read_safe_product(const std::string& reference) {
  try {
    const Place place = place_of(without_slash(reference));
    MetadataReader reader(place.files);
    ProductScene read{scene_of(place, reader), {}};
    read.scene.source = reference;
    read.fingerprint = reader.fingerprint();
    return read;
  } catch (const DataError& error) {
    throw DataError(reference + ": " + error.what());
  } catch (const fs::filesystem_error& error) {
    throw DataError(reference + ": " + error.code().message());
  }
}

bool is_complete_by_manifest(const std::string& folder) {
  try {
    const ProductFiles files = ProductFiles::of_folder(folder);
    const std::string manifest = "manifest.safe";
    if (!files.has(manifest)) return false;
    const XmlElement root = parse_xml(files.read(manifest));
    const std::vector<const XmlElement*> objects = root.find_all("byteStream");
    return !objects.empty() && std::all_of(objects.begin(), objects.end(), [&](const XmlElement* object) {
      const XmlElement* const location = object->find("fileLocation");
      std::string name = location == nullptr ? std::string() : location->attribute("href");
      if (name.starts_with("./")) name.erase(0, 2);
      return files.has(name) && std::to_string(files.size(name)) == object->attribute("size");
    });
  } catch (const DataError&) {
    return false;
  } catch (const fs::filesystem_error&) {
    return false;
  }
}

}  // namespace pitwatch
