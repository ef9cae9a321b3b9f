#include "pipeline/io/vector/vector_file.hpp"

#include <ogrsf_frmts.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>

#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/gdal_state.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/files/zip_directory.hpp"
#include "pipeline/io/geo/ogr_values.hpp"

namespace pitwatch {
namespace {

using nlohmann::json;

/// By the header of a dBASE file (bytes 4 to 7, the least first); deleted ones count.
std::optional<std::int64_t> rows_of_dbf(const std::string& path) {
  std::array<unsigned char, 8> header{};
  const std::unique_ptr<VSILFILE, int (*)(VSILFILE*)> file(VSIFOpenL(path.c_str(), "rb"), VSIFCloseL);
  if (!file || VSIFReadL(header.data(), 1, header.size(), file.get()) != header.size()) return std::nullopt;
  std::int64_t rows = 0;
  for (std::size_t byte = 8; byte-- > 4;) rows = rows << 8 | header[byte];
  return rows;
}

/// OGR takes as many features as there are shapes, whatever the table says.
void check_shapefile(GDALDataset& dataset) {
  char** const files = dataset.GetFileList();
  const std::unique_ptr<char*, void (*)(char**)> owner(files, CSLDestroy);
  for (char** name = files; name != nullptr && *name != nullptr; ++name) {
    const std::filesystem::path path(*name);
    OGRLayer* const layer = dataset.GetLayerByName(path.stem().c_str());
    if (layer == nullptr || lower_ascii(path.extension().string()) != ".dbf") continue;
    const std::optional<std::int64_t> rows = rows_of_dbf(path.string());
    const std::int64_t shapes = layer->GetFeatureCount();
    if (rows && *rows != shapes) {
      throw DataError("its .shp holds " + std::to_string(shapes) + " shapes, its .dbf " + std::to_string(*rows) +
                      " rows: they are not of one file, or one of them is cut off");
    }
  }
}

/// A file of GDAL's as text.
std::string text_of(const std::string& path) {
  const std::unique_ptr<VSILFILE, int (*)(VSILFILE*)> file(VSIFOpenL(path.c_str(), "rb"), VSIFCloseL);
  std::string text;
  std::array<char, 1 << 16> part{};
  while (file && text.size() <= largest_vector_file_bytes) {
    const std::size_t read = VSIFReadL(part.data(), 1, part.size(), file.get());
    if (read == 0) break;
    text.append(part.data(), read);
  }
  return text;
}

/// The text of the first element of that name from `at` on, up to another; empty where there is none before `end`.
std::string element_text(std::string_view text, const std::string& name, std::size_t at, std::size_t end) {
  constexpr std::size_t longest = 200;
  const std::size_t start = text.find("<" + name + ">", at);
  if (start >= end) return {};
  const std::size_t from = start + name.size() + 2;
  return std::string(text.substr(from, std::min(text.find('<', from) - from, longest)));
}

/// GDAL opens archives of layers (KMZ, .shp.zip) as it finds them, and unpacks what they claim to hold.
void check_archive(const std::string& path) {
  if (!is_zip(path)) return;
  for (const ListedMember& member : zip_members(path, {largest_vector_file_bytes, largest_vector_file_bytes})) {
    expect_as_listed(path, member);
  }
}

/// OGR passes over what a link leads to.
void refuse_network_links(std::string_view kml) {
  constexpr std::string_view tag = "NetworkLink";
  for (std::size_t at = kml.find(tag); at != std::string_view::npos; at = kml.find(tag, at + 1)) {
    const std::size_t open = kml.find_last_of("<>/ ", at);  // "<NetworkLink>", "<kml:NetworkLink id='a'>"
    const std::size_t after = at + tag.size();
    const bool is_tag = open != std::string_view::npos && kml[open] == '<' && after < kml.size() &&
                        std::string_view("> \t\r\n/").find(kml[after]) != std::string_view::npos;
    if (!is_tag) continue;
    const std::size_t end = kml.find(tag, after);
    const std::string name = element_text(kml, "name", at, end);
    const std::string target = element_text(kml, "href", at, end);
    throw DataError("holds a NetworkLink" + (name.empty() ? "" : " '" + printable(name) + "'") +
                    (target.empty() ? "" : " to '" + printable(target) + "'") +
                    ", which is not followed: give the file with what it links to");
  }
}

void check_kml(const std::string& path) {
  const std::string text = text_of(path);
  if (!is_zip(path)) return refuse_network_links(text);
  const std::string archive = "/vsizip/{" + path + "}";  // KMZ
  const std::unique_ptr<char*, void (*)(char**)> names(VSIReadDirRecursive(archive.c_str()), CSLDestroy);
  for (char** name = names.get(); name != nullptr && *name != nullptr; ++name) {
    if (lower_ascii(*name).ends_with(".kml")) refuse_network_links(text_of(archive + "/" + *name));
  }
}

/// Whether the number that a layer states is that of the features that reading it gives. Of Shapefiles it counts
/// deleted ones, too, and LIBKML counts what is no feature.
bool is_exact(GDALDataset* dataset) {
  const std::string_view format = dataset == nullptr ? "" : dataset->GetDriverName();
  return format == "GPKG" || format == "FlatGeobuf";
}

bool mentions_crs(const std::string& path) {
  constexpr std::string_view searched = "\"crs\"";
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::vector<char> piece(std::size_t{1} << 20);
  while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())), file.gcount() > 0) {
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
    if (text.find(searched) != std::string::npos) return true;
    text.erase(0, text.size() - std::min(text.size(), searched.size()));
  }
  return false;
}

/// The member `crs` of a GeoJSON file; null where there is none. Throws DataError for a feature's or geometry's.
json crs_member(const std::string& path) {
  std::vector<std::string> keys;  // on the way to where the parser is
  bool is_elsewhere = false;
  const auto look = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event != json::parse_event_t::key) return true;
    const auto level = static_cast<std::size_t>(depth);
    keys.resize(level + 1);
    keys[level] = parsed.get<std::string>();
    const bool is_own = std::find(keys.begin(), keys.end() - 1, "properties") != keys.end() - 1;
    const bool is_in_crs = level > 1 && keys[1] == "crs";
    if (keys[level] == "crs" && level > 1 && !is_own) is_elsewhere = true;
    return keys[level] == "crs" || is_in_crs;
  };
  std::ifstream file(path, std::ios::binary);
  const json collection = json::parse(file, look, false);
  if (collection.is_discarded()) throw DataError("mentions a CRS (crs), and is no JSON of which it could be read");
  if (is_elsewhere) throw DataError("a feature or geometry has a CRS of its own (crs): only the collection's counts");
  return collection.is_object() && collection.contains("crs") ? collection["crs"] : json();
}

std::optional<OGRSpatialReference> crs_of_geojson(GDALDataset& dataset) {
  const std::string path = dataset.GetDescription();
  if (dataset.GetDriverName() != std::string_view("GeoJSON") || !mentions_crs(path)) return std::nullopt;
  const json crs = crs_member(path);
  if (crs.is_null()) return std::nullopt;
  const auto member = [](const json& object, const char* key) {
    return object.is_object() && object.contains(key) ? object[key] : json();
  };
  const json type = member(crs, "type");
  const json name = member(member(crs, "properties"), type == "EPSG" ? "code" : "name");
  try {
    if (type == "name" && name.is_string()) return reference_of(name.get<std::string>());
    if (type == "EPSG" && name.is_number_integer()) return reference_of("EPSG:" + name.dump());
    if (type == "EPSG" && name.is_string()) return reference_of("EPSG:" + name.get<std::string>());
  } catch (const DataError& error) {
    throw DataError(std::string("its member crs names an ") + error.what());
  }
  throw DataError("its member crs names no CRS");
}

}  // namespace

std::optional<OGRSpatialReference> named_crs(GDALDataset& dataset, OGRLayer& layer) {
  if (is_geojson(dataset)) return crs_of_geojson(dataset);
  const OGRSpatialReference* const declared = layer.GetSpatialRef();
  if (declared == nullptr) return std::nullopt;
  const bool is_undefined =
      dataset.GetDriverName() == std::string_view("GPKG") &&
      lower_ascii(declared->GetName() == nullptr ? "" : declared->GetName()).starts_with("undefined");
  if (is_undefined) return std::nullopt;
  OGRSpatialReference crs = *declared;
  crs.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  return crs;
}

bool is_geojson(GDALDataset& dataset) { return std::string_view(dataset.GetDriverName()).starts_with("GeoJSON"); }

VectorFile::VectorFile(const std::string& path, Members members) {
  ensure_gdal();
  expect_regular_file(path, largest_vector_file_bytes);
  check_archive(path);
  const std::array<const char*, 2> with_members{"NATIVE_DATA=YES", nullptr};
  dataset_.reset(GDALDataset::Open(path.c_str(), GDAL_OF_VECTOR | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR,
                                   vector_drivers(), members == Members::kept ? with_members.data() : nullptr));
  if (!dataset_) throw DataError(errors_.explain("cannot open as a vector file"));
  const std::string_view format = dataset_->GetDriverName();
  if (format == "ESRI Shapefile") check_shapefile(*dataset_);
  if (format == "KML" || format == "LIBKML") check_kml(path);
}

void VectorFile::Close::operator()(GDALDataset* dataset) const { GDALClose(dataset); }

std::vector<OGRLayer*> layers_of(GDALDataset& dataset) {
  std::vector<OGRLayer*> layers;
  for (OGRLayer* layer : dataset.GetLayers()) {
    if (layer->GetName() != std::string_view("layer_styles")) layers.push_back(layer);
  }
  return layers;
}

std::string names_of(const std::vector<OGRLayer*>& layers) {
  std::string text;
  for (OGRLayer* layer : layers) text += (text.empty() ? "'" : ", '") + printable(layer->GetName()) + "'";
  return text;
}

void expect_clear_filter(OGRLayer& layer, const std::string& where) {
  const std::string text = lower_ascii(where);
  const auto is_in_word = [&](std::size_t at) {
    return at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
  };
  std::set<std::string> names;
  for (int i = 0; i < layer.GetLayerDefn()->GetFieldCount(); ++i) {
    const std::string name = lower_ascii(layer.GetLayerDefn()->GetFieldDefn(i)->GetNameRef());
    if (names.insert(name).second) continue;
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
      if ((at > 0 && is_in_word(at - 1)) || is_in_word(at + name.size())) continue;
      throw DataError("has several columns for '" + printable(name) + "', which its filter names");
    }
  }
}

void for_each_feature(OGRLayer& layer,
                      const std::function<void(OGRFeature& feature, const GdalErrorCapture& errors)>& visit) {
  const GdalErrorCapture errors;
  std::int64_t read = 0;
  const auto expect_no_error = [&] {
    if (!errors.failed()) return;
    throw DataError(errors.explain("cannot be read to its end (" + std::to_string(read) + " features could)"));
  };
  layer.ResetReading();
  while (const OGRFeatureUniquePtr feature{layer.GetNextFeature()}) {
    expect_no_error();
    ++read;
    const GdalErrorCapture of_visit;
    visit(*feature, of_visit);
  }
  expect_no_error();
  if (!is_exact(layer.GetDataset())) return;
  const std::int64_t stated = layer.GetFeatureCount(0);
  expect_no_error();
  if (read < stated) {
    throw DataError("states " + std::to_string(stated) + " features, of which only " + std::to_string(read) +
                    " can be read");
  }
}

}  // namespace pitwatch
