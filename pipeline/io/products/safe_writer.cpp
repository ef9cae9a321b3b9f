#include "pipeline/io/products/safe_writer.hpp"

#include <cpl_conv.h>
#include <cpl_minixml.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <numbers>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_folder.hpp"
#include "pipeline/io/products/granule_facts.hpp"
#include "pipeline/io/products/product_name.hpp"
#include "pipeline/io/raster/jp2_writer.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

// ---- XML -------------------------------------------------------------------------------------------------------

using Attributes = std::initializer_list<std::pair<const char*, std::string>>;

/// An element of an XmlDocument, valid as long as it.
class Element {
 public:
  explicit Element(CPLXMLNode* node) : node_(node) {}

  Element add(const char* name, Attributes attributes = {}) const {
    const Element child(CPLCreateXMLNode(node_, CXT_Element, name));
    for (const auto& [key, value] : attributes) CPLAddXMLAttributeAndValue(child.node_, key, value.c_str());
    return child;
  }
  void add_text(const char* name, const std::string& text, Attributes attributes = {}) const {
    CPLCreateXMLNode(add(name, attributes).node_, CXT_Text, text.c_str());
  }

 private:
  CPLXMLNode* node_;
};

/// Starts with a declaration and a comment.
class XmlDocument {
 public:
  XmlDocument(const char* root, Attributes attributes, const std::string& comment)
      : first_(CPLCreateXMLNode(nullptr, CXT_Element, "?xml"), &CPLDestroyXMLNode) {
    CPLAddXMLAttributeAndValue(first_.get(), "version", "1.0");
    CPLAddXMLAttributeAndValue(first_.get(), "encoding", "UTF-8");
    CPLAddXMLSibling(first_.get(), CPLCreateXMLNode(nullptr, CXT_Comment, comment_text(comment).c_str()));
    root_ = CPLCreateXMLNode(nullptr, CXT_Element, root);
    CPLAddXMLSibling(first_.get(), root_);
    for (const auto& [key, value] : attributes) CPLAddXMLAttributeAndValue(root_, key, value.c_str());
  }

  Element root() const { return Element(root_); }
  std::string text() const {
    const std::unique_ptr<char, void (*)(void*)> text(CPLSerializeXMLTree(first_.get()), &VSIFree);
    return text.get();
  }

 private:
  /// Comments must not hold two hyphens in a row (XML 1.0, section 2.5).
  static std::string comment_text(const std::string& text) {
    std::string result = " ";
    for (const char c : text) {
      if (c == '-' && result.back() == '-') result += ' ';
      result += c;
    }
    return result + " ";
  }

  std::unique_ptr<CPLXMLNode, void (*)(CPLXMLNode*)> first_;
  CPLXMLNode* root_ = nullptr;
};

// ---- numbers and times -----------------------------------------------------------------------------------------

template <typename... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

std::string percent(double value) { return formatted("%.6f", value); }
std::string angle(double degrees) { return formatted("%.12g", degrees); }
std::string metres(double value) { return formatted("%.10g", value); }

/// "2022-06-05T07:56:11.024Z": milliseconds, also where they are zero.
std::string product_time(Instant instant) {
  std::string text = format_instant(instant);
  if (text.find('.') == std::string::npos) text.insert(text.size() - 1, ".000");
  return text;
}

/// "2022-06-05T07:56:11.024000Z".
std::string fine_time(Instant instant) {
  std::string text = product_time(instant);
  text.insert(text.size() - 1, "000");
  return text;
}

/// Correction for the distance to the sun: U of ESA's products, 1 / (1 - 0.01673 cos(0.0172 (t - 2)))^2, t in days
/// since 1950-01-01 (Sentinel-2 L1C Algorithm Theoretical Basis Document, S2-PDGS-MPC-ATBD-L1, "reflectance
/// conversion").
double sun_distance_correction(Instant instant) {
  using Days = std::chrono::duration<double, std::chrono::days::period>;
  const Instant epoch = std::chrono::sys_days(std::chrono::year(1950) / 1 / 1);
  const double days = Days(instant - epoch).count();
  return 1 / std::pow(1 - 0.01673 * std::cos(0.0172 * (days - 2)), 2);
}

// ---- what the format knows of bands ----------------------------------------------------------------------------

struct BandFacts {
  Band band;
  const char* physical_name;
  int shortest_nm;
  int longest_nm;
  double centre_nm;
};

/// In the order of ESA's band_id; wavelengths of Sentinel-2A (Sentinel-2 Spectral Response Functions,
/// COPE-GSEG-EOPG-TN-15-0007).
constexpr std::array<BandFacts, 13> band_facts{{
    {Band::B01, "B1", 412, 456, 442.7},
    {Band::B02, "B2", 456, 533, 492.7},
    {Band::B03, "B3", 538, 583, 559.8},
    {Band::B04, "B4", 646, 684, 664.6},
    {Band::B05, "B5", 695, 714, 704.1},
    {Band::B06, "B6", 731, 749, 740.5},
    {Band::B07, "B7", 769, 797, 782.8},
    {Band::B08, "B8", 760, 907, 832.8},
    {Band::B8A, "B8A", 837, 881, 864.7},
    {Band::B09, "B9", 932, 958, 945.1},
    {Band::B10, "B10", 1337, 1412, 1373.5},
    {Band::B11, "B11", 1539, 1682, 1613.7},
    {Band::B12, "B12", 2078, 2320, 2202.4},
}};

constexpr std::array<const char*, 12> class_names{"SC_NODATA",
                                                  "SC_SATURATED_DEFECTIVE",
                                                  "SC_DARK_FEATURE_SHADOW",
                                                  "SC_CLOUD_SHADOW",
                                                  "SC_VEGETATION",
                                                  "SC_NOT_VEGETATED",
                                                  "SC_WATER",
                                                  "SC_UNCLASSIFIED",
                                                  "SC_CLOUD_MEDIUM_PROBA",
                                                  "SC_CLOUD_HIGH_PROBA",
                                                  "SC_THIN_CIRRUS",
                                                  "SC_SNOW_ICE"};

constexpr const char* schema_instance = "http://www.w3.org/2001/XMLSchema-instance";

struct UtmZone {
  int number = 0;
  bool north = true;
};

/// Of "EPSG:32638"; WGS 84 / UTM has the codes 32601 to 32660 and 32701 to 32760.
UtmZone utm_zone(const std::string& crs) {
  int code = 0;
  const std::string prefix = "EPSG:";
  if (crs.starts_with(prefix)) std::from_chars(crs.data() + prefix.size(), crs.data() + crs.size(), code);
  const UtmZone zone{code % 100, code / 100 == 326};
  if ((code / 100 != 326 && code / 100 != 327) || zone.number < 1 || zone.number > 60) {
    throw DataError("not a UTM zone of WGS 84: '" + crs + "'");
  }
  return zone;
}

// ---- the files of a product ------------------------------------------------------------------------------------

struct Image {
  std::string path;         // within the product
  std::string manifest_id;  // of its data object
  std::function<void(const std::string& path)> write;
};

std::string granule_folder(const Granule& granule) { return "GRANULE/" + granule_folder_name(granule); }

Image image_of(const Granule& granule, const std::string& layer, int pixel_size_m,
               std::function<void(const std::string&)> write) {
  const std::string resolution = std::to_string(pixel_size_m) + "m";
  return {
      granule_folder(granule) + "/IMG_DATA/R" + resolution + "/" + image_name(granule, layer, pixel_size_m) + ".jp2",
      "IMG_DATA_Band_" + layer + "_" + resolution + "_Tile1_Data", std::move(write)};
}

/// By resolution, and by band within one: the order in which ESA lists them.
std::vector<Image> images_of(const Granule& granule) {
  std::vector<Image> images;
  for (const int pixel_size_m : {10, 20, 60}) {
    for (const BandFacts& facts : band_facts) {
      for (const Granule::BandPixels& band : granule.bands) {
        if (band.band != facts.band || info(band.band).pixel_size_m != pixel_size_m) continue;
        images.push_back(image_of(granule, std::string(name(band.band)), pixel_size_m,
                                  [&band](const std::string& path) { write_jp2(path, band.grid, band.dn); }));
      }
    }
    if (pixel_size_m == 20 && granule.scl.data != nullptr) {
      images.push_back(image_of(granule, "SCL", pixel_size_m, [&granule](const std::string& path) {
        write_jp2(path, granule.classification_grid, granule.scl);
      }));
    }
  }
  return images;
}

struct Mask {
  const char* type;
  const char* manifest_id;
  PlaneView<const std::uint8_t> plane;

  std::string path(const Granule& granule) const { return granule_folder(granule) + "/QI_DATA/" + type + "_20m.jp2"; }
};

std::vector<Mask> masks_of(const Granule& granule) {
  std::vector<Mask> masks;
  for (const Mask& mask : {Mask{"MSK_CLDPRB", "CloudPrbMask_Tile1_Data", granule.cloud_probability},
                           Mask{"MSK_SNWPRB", "SnowPrbMask_Tile1_Data", granule.snow_probability}}) {
    if (mask.plane.data != nullptr) masks.push_back(mask);
  }
  return masks;
}

// ---- metadata --------------------------------------------------------------------------------------------------

/// "lat lon lat lon ...", clockwise from the upper left corner, which comes again at the end.
std::string footprint(const Granule& granule) {
  const auto [lower_left, lower_right, upper_right, upper_left] = corners(finest_grid(granule));
  std::string text;
  for (const LonLat& corner : {upper_left, upper_right, lower_right, lower_left, upper_left}) {
    text += formatted("%.10f %.10f ", corner.lat, corner.lon);
  }
  text.pop_back();
  return text;
}

void add_datatake(const Element& parent, const char* element, const Granule& granule) {
  const Element datatake = parent.add(element, {{"datatakeIdentifier", datatake_id(granule)}});
  datatake.add_text("SPACECRAFT_NAME", std::string("Sentinel-2") + granule.spacecraft);
  datatake.add_text("DATATAKE_TYPE", "INS-NOBS");
  datatake.add_text("DATATAKE_SENSING_START", product_time(granule.acquired));
  datatake.add_text("SENSING_ORBIT_NUMBER", std::to_string(granule.relative_orbit));
  datatake.add_text("SENSING_ORBIT_DIRECTION", "DESCENDING");
}

void add_special_value(const Element& parent, const char* text, int index) {
  const Element value = parent.add("Special_Values");
  value.add_text("SPECIAL_VALUE_TEXT", text);
  value.add_text("SPECIAL_VALUE_INDEX", std::to_string(index));
}

void add_product_info(const Element& parent, const Granule& granule, const std::vector<Image>& images) {
  const Element product = parent.add("Product_Info");
  product.add_text("PRODUCT_START_TIME", product_time(granule.acquired));
  product.add_text("PRODUCT_STOP_TIME", product_time(granule.acquired));
  product.add_text("PRODUCT_URI", product_name(granule) + ".SAFE");
  product.add_text("PROCESSING_LEVEL", "Level-2A");
  product.add_text("PRODUCT_TYPE", "S2MSI2A");
  product.add_text("PROCESSING_BASELINE", granule.processing_baseline);
  product.add_text("GENERATION_TIME", fine_time(granule.processed));
  product.add_text("PREVIEW_IMAGE_URL", "Not applicable");
  product.add_text("PREVIEW_GEO_INFO", "Not applicable");
  add_datatake(product, "Datatake", granule);
  product.add("Query_Options", {{"completeSingleTile", "true"}}).add_text("PRODUCT_FORMAT", "SAFE_COMPACT");
  const Element list = product.add("Product_Organisation")
                           .add("Granule_List")
                           .add("Granule", {{"datastripIdentifier", datastrip_id(granule)},
                                            {"granuleIdentifier", tile_id(granule)},
                                            {"imageFormat", "JPEG2000"}});
  for (const Image& image : images) list.add_text("IMAGE_FILE", fs::path(image.path).replace_extension().string());
}

bool has_offset_list(const Granule& granule) {
  return granule.boa_add_offset != 0 || granule.processing_baseline >= "04.00";
}

void add_image_characteristics(const Element& parent, const Granule& granule) {
  const Element image = parent.add("Product_Image_Characteristics");
  add_special_value(image, "NODATA", 0);
  add_special_value(image, "SATURATED", 65535);
  const Element order = image.add("Image_Display_Order");
  order.add_text("RED_CHANNEL", "3");
  order.add_text("GREEN_CHANNEL", "2");
  order.add_text("BLUE_CHANNEL", "1");
  const Element quantification = image.add("QUANTIFICATION_VALUES_LIST");
  quantification.add_text("BOA_QUANTIFICATION_VALUE", "10000", {{"unit", "none"}});
  quantification.add_text("AOT_QUANTIFICATION_VALUE", "1000.0", {{"unit", "none"}});
  quantification.add_text("WVP_QUANTIFICATION_VALUE", "1000.0", {{"unit", "cm"}});
  if (has_offset_list(granule)) {
    const Element offsets = image.add("BOA_ADD_OFFSET_VALUES_LIST");
    for (std::size_t id = 0; id < band_facts.size(); ++id) {
      offsets.add_text("BOA_ADD_OFFSET", std::to_string(granule.boa_add_offset), {{"band_id", std::to_string(id)}});
    }
  }
  image.add("Reflectance_Conversion").add_text("U", formatted("%.6f", sun_distance_correction(granule.acquired)));
  const Element spectra = image.add("Spectral_Information_List");
  for (std::size_t id = 0; id < band_facts.size(); ++id) {
    const BandFacts& facts = band_facts[id];
    const Element band =
        spectra.add("Spectral_Information", {{"bandId", std::to_string(id)}, {"physicalBand", facts.physical_name}});
    band.add_text("RESOLUTION", std::to_string(info(facts.band).pixel_size_m));
    const Element wavelength = band.add("Wavelength");
    wavelength.add_text("MIN", std::to_string(facts.shortest_nm), {{"unit", "nm"}});
    wavelength.add_text("MAX", std::to_string(facts.longest_nm), {{"unit", "nm"}});
    wavelength.add_text("CENTRAL", formatted("%.1f", facts.centre_nm), {{"unit", "nm"}});
  }
  image.add_text("REFERENCE_BAND", "3");
  const Element classes = image.add("Scene_Classification_List");
  for (std::size_t i = 0; i < class_names.size(); ++i) {
    const Element entry = classes.add("Scene_Classification_ID");
    entry.add_text("SCENE_CLASSIFICATION_TEXT", class_names[i]);
    entry.add_text("SCENE_CLASSIFICATION_INDEX", std::to_string(i));
  }
}

/// What product and tile both have in their Image_Content_QI.
void add_content_quality(const Element& content, const Granule& granule) {
  const GranuleQuality& quality = granule.quality;
  const std::array<double, 12> counted = class_percentages(granule);
  content.add_text("NODATA_PIXEL_PERCENTAGE", percent(quality.nodata));
  content.add_text("SATURATED_DEFECTIVE_PIXEL_PERCENTAGE", percent(counted[1]));
  content.add_text("DARK_FEATURES_PERCENTAGE", percent(counted[2]));
  content.add_text("CLOUD_SHADOW_PERCENTAGE", percent(quality.cloud_shadow));
  content.add_text("VEGETATION_PERCENTAGE", percent(quality.vegetation));
  content.add_text("NOT_VEGETATED_PERCENTAGE", percent(quality.not_vegetated));
  content.add_text("WATER_PERCENTAGE", percent(quality.water));
  content.add_text("UNCLASSIFIED_PERCENTAGE", percent(counted[7]));
  content.add_text("MEDIUM_PROBA_CLOUDS_PERCENTAGE", percent(counted[8]));
  content.add_text("HIGH_PROBA_CLOUDS_PERCENTAGE", percent(counted[9]));
  content.add_text("THIN_CIRRUS_PERCENTAGE", percent(quality.cirrus));
  content.add_text("SNOW_ICE_PERCENTAGE", percent(quality.snow));
}

std::string product_metadata(const Granule& granule, const std::vector<Image>& images) {
  const XmlDocument document("n1:Level-2A_User_Product",
                             {{"xmlns:n1", "https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-2A.xsd"},
                              {"xmlns:xsi", schema_instance}},
                             "Synthetic, not observed: " + granule.made_by);
  const Element general = document.root().add("n1:General_Info");
  add_product_info(general, granule, images);
  add_image_characteristics(general, granule);

  const Element geometry = document.root().add("n1:Geometric_Info");
  const Element outline = geometry.add("Product_Footprint");
  outline.add("Product_Footprint").add("Global_Footprint").add_text("EXT_POS_LIST", footprint(granule));
  outline.add_text("RASTER_CS_TYPE", "POINT");
  outline.add_text("PIXEL_ORIGIN", "1");
  const Element system = geometry.add("Coordinate_Reference_System");
  system.add_text("GEO_TABLES", "EPSG", {{"version", "1"}});
  system.add_text("HORIZONTAL_CS_TYPE", "GEOGRAPHIC");

  const Element quality = document.root().add("n1:Quality_Indicators_Info");
  quality.add_text("Cloud_Coverage_Assessment", percent(granule.quality.cloud));
  const Element technical = quality.add("Technical_Quality_Assessment");
  technical.add_text("DEGRADED_ANC_DATA_PERCENTAGE", "0.0");
  technical.add_text("DEGRADED_MSI_DATA_PERCENTAGE", "0");
  add_content_quality(quality.add("Image_Content_QI"), granule);
  return document.text();
}

/// Rows and columns at a resolution: of a band that has it, else of the pixels that cover the finest band.
std::pair<int, int> size_at(const Granule& granule, int pixel_size_m) {
  for (const Granule::BandPixels& band : granule.bands) {
    if (band.grid.pixel_size_m == pixel_size_m) return {band.grid.height, band.grid.width};
  }
  const Grid& finest = finest_grid(granule);
  const auto count = [&](int pixels) {
    return static_cast<int>(std::ceil(pixels * finest.pixel_size_m / pixel_size_m));
  };
  return {count(finest.height), count(finest.width)};
}

std::string tile_metadata(const Granule& granule) {
  const Grid& grid = finest_grid(granule);
  const UtmZone zone = utm_zone(grid.crs);
  const XmlDocument document("n1:Level-2A_Tile_ID",
                             {{"xmlns:n1", "https://psd-14.sentinel2.eo.esa.int/PSD/S2_PDI_Level-2A_Tile_Metadata.xsd"},
                              {"xmlns:xsi", schema_instance}},
                             "Synthetic, not observed: " + granule.made_by);
  const Element general = document.root().add("n1:General_Info");
  general.add_text("TILE_ID", tile_id(granule), {{"metadataLevel", "Brief"}});
  general.add_text("DATASTRIP_ID", datastrip_id(granule), {{"metadataLevel", "Standard"}});
  general.add_text("DOWNLINK_PRIORITY", "NOMINAL", {{"metadataLevel", "Standard"}});
  general.add_text("SENSING_TIME", fine_time(granule.acquired), {{"metadataLevel", "Standard"}});

  const Element geometry = document.root().add("n1:Geometric_Info");
  const Element geocoding = geometry.add("Tile_Geocoding", {{"metadataLevel", "Brief"}});
  geocoding.add_text("HORIZONTAL_CS_NAME", formatted("WGS84 / UTM zone %02d%c", zone.number, zone.north ? 'N' : 'S'));
  geocoding.add_text("HORIZONTAL_CS_CODE", grid.crs);
  constexpr std::array<int, 3> resolutions{10, 20, 60};
  for (const int resolution : resolutions) {
    const auto [rows, columns] = size_at(granule, resolution);
    const Element size = geocoding.add("Size", {{"resolution", std::to_string(resolution)}});
    size.add_text("NROWS", std::to_string(rows));
    size.add_text("NCOLS", std::to_string(columns));
  }
  for (const int resolution : resolutions) {
    const Element place = geocoding.add("Geoposition", {{"resolution", std::to_string(resolution)}});
    place.add_text("ULX", metres(grid.origin.x));
    place.add_text("ULY", metres(grid.origin.y));
    place.add_text("XDIM", std::to_string(resolution));
    place.add_text("YDIM", std::to_string(-resolution));
  }
  const auto add_angles = [](const Element& parent, const ViewAngles& angles) {
    parent.add_text("ZENITH_ANGLE", angle(angles.zenith), {{"unit", "deg"}});
    parent.add_text("AZIMUTH_ANGLE", angle(angles.azimuth), {{"unit", "deg"}});
  };
  const Element angles = geometry.add("Tile_Angles", {{"metadataLevel", "Standard"}});
  add_angles(angles.add("Mean_Sun_Angle"), granule.sun);
  const Element views = angles.add("Mean_Viewing_Incidence_Angle_List");
  for (std::size_t id = 0; id < band_facts.size(); ++id) {
    add_angles(views.add("Mean_Viewing_Incidence_Angle", {{"bandId", std::to_string(id)}}), granule.view);
  }

  const Element quality = document.root().add("n1:Quality_Indicators_Info", {{"metadataLevel", "Standard"}});
  const Element content = quality.add("Image_Content_QI");
  content.add_text("CLOUDY_PIXEL_PERCENTAGE", percent(granule.quality.cloud));
  content.add_text("DEGRADED_MSI_DATA_PERCENTAGE", percent(0));
  add_content_quality(content, granule);
  const Element pixels = quality.add("Pixel_Level_QI", {{"geometry", "FULL_RESOLUTION"}});
  for (const Mask& mask : masks_of(granule))
    pixels.add_text("MASK_FILENAME", mask.path(granule), {{"type", mask.type}});
  return document.text();
}

std::string datastrip_metadata(const Granule& granule) {
  const XmlDocument document(
      "n1:Level-2A_DataStrip_ID",
      {{"xmlns:n1", "https://psd-14.sentinel2.eo.esa.int/PSD/S2_PDI_Level-2A_Datastrip_Metadata.xsd"},
       {"xmlns:xsi", schema_instance}},
      "Synthetic, not observed: " + granule.made_by);
  const Element general = document.root().add("n1:General_Info");
  add_datatake(general, "Datatake_Info", granule);
  const Element time = general.add("Datastrip_Time_Info");
  time.add_text("DATASTRIP_SENSING_START", product_time(granule.acquired));
  time.add_text("DATASTRIP_SENSING_STOP", product_time(granule.acquired));
  const Element processing = general.add("Processing_Info");
  processing.add_text("UTC_DATE_TIME", fine_time(granule.processed));
  processing.add_text("PROCESSING_BASELINE", granule.processing_baseline);
  return document.text();
}

// ---- manifest --------------------------------------------------------------------------------------------------

struct DataObject {
  std::string id;
  std::string path;  // within the product
  const char* mime_type = nullptr;
};

Element add_metadata_object(const Element& section, const char* id, const char* category, const char* class_name,
                            const char* text) {
  return section.add("metadataObject", {{"ID", id}, {"category", category}, {"classification", class_name}})
      .add("metadataWrap", {{"mimeType", "text/xml"}, {"vocabularyName", "Sentinel-SAFE"}, {"textInfo", text}})
      .add("xmlData");
}

std::string manifest(const Granule& granule, const std::vector<DataObject>& objects, const AtomicFolder& product) {
  const XmlDocument document("xfdu:XFDU",
                             {{"xmlns:gml", "http://www.opengis.net/gml"},
                              {"xmlns:safe", "http://www.esa.int/safe/sentinel/1.1"},
                              {"xmlns:xfdu", "urn:ccsds:schema:xfdu:1"},
                              {"version", "esa/safe/sentinel/1.1/sentinel-2/msi/archive_l2a_user_product"}},
                             "Synthetic, not observed: " + granule.made_by);
  const Element package = document.root()
                              .add("informationPackageMap")
                              .add("xfdu:contentUnit", {{"unitType", "Product_Level-2A"},
                                                        {"textInfo", "SENTINEL-2 MSI Level-2A User Product, synthetic"},
                                                        {"dmdID", "acquisitionPeriod platform"},
                                                        {"pdiID", "processing"}});
  for (const DataObject& object : objects) {
    package.add("xfdu:contentUnit", {{"ID", object.id + "_Unit"}, {"unitType", "Data Unit"}})
        .add("dataObjectPointer", {{"dataObjectID", object.id}});
  }

  const Element section = document.root().add("metadataSection");
  add_metadata_object(section, "acquisitionPeriod", "DMD", "DESCRIPTION", "Acquisition Period")
      .add("safe:acquisitionPeriod")
      .add_text("safe:startTime", product_time(granule.acquired));
  const Element orbit =
      add_metadata_object(section, "measurementOrbitReference", "DMD", "DESCRIPTION", "Orbit Reference")
          .add("safe:orbitReference");
  orbit.add_text("safe:orbitNumber", formatted("%06d", granule.absolute_orbit),
                 {{"type", "start"}, {"groundTrackDirection", "descending"}});
  orbit.add_text("safe:relativeOrbitNumber", std::to_string(granule.relative_orbit), {{"type", "start"}});
  const Element platform =
      add_metadata_object(section, "platform", "DMD", "DESCRIPTION", "Platform Description").add("safe:platform");
  platform.add_text("safe:familyName", "SENTINEL");
  platform.add_text("safe:number", std::string("2") + granule.spacecraft);
  platform.add("safe:instrument").add_text("safe:familyName", "Multi-Spectral Instrument", {{"abbreviation", "MSI"}});
  add_metadata_object(section, "processing", "PDI", "PROVENANCE", "Processing")
      .add("safe:processing",
           {{"name", "Generation of synthetic Level-2A User Product"}, {"start", fine_time(granule.processed)}})
      .add("safe:facility", {{"name", "synthetic"}})
      .add("safe:software", {{"name", granule.made_by}});
  add_metadata_object(section, "measurementFrameSet", "DMD", "DESCRIPTION", "Frame Set")
      .add("safe:frameSet")
      .add("safe:footPrint", {{"srsName", "http://www.opengis.net/gml/srs/epsg.xml#4326"}})
      .add_text("gml:coordinates", footprint(granule));

  const Element data = document.root().add("dataObjectSection");
  for (const DataObject& object : objects) {
    data.add("dataObject", {{"ID", object.id}})
        .add("byteStream",
             {{"mimeType", object.mime_type}, {"size", std::to_string(fs::file_size(product / object.path))}})
        .add("fileLocation", {{"locatorType", "URL"}, {"href", "./" + object.path}});
  }
  return document.text();
}

void write_product(const AtomicFolder& product, const Granule& granule, const ParallelFor& parallel_for) {
  const std::vector<Image> images = images_of(granule);
  const std::string tile_folder = granule_folder(granule);
  const std::string tile_file = tile_folder + "/MTD_TL.xml";
  const std::string datastrip_folder = "DATASTRIP/" + datastrip_folder_name(granule);
  std::vector<DataObject> objects{
      {"S2_Level-2A_Product_Metadata", "MTD_MSIL2A.xml", "text/xml"},
      {"S2_Level-2A_Datastrip1_Metadata", datastrip_folder + "/MTD_DS.xml", "application/xml"},
      {"S2_Level-2A_Tile1_Metadata", tile_file, "application/xml"}};

  std::vector<Image> files = images;
  for (const Mask& mask : masks_of(granule)) {
    files.push_back({mask.path(granule), mask.manifest_id, [&granule, plane = mask.plane](const std::string& path) {
                       write_jp2(path, granule.classification_grid, plane);
                     }});
  }
  for (const char* folder : {"/IMG_DATA/R10m", "/IMG_DATA/R20m", "/IMG_DATA/R60m", "/QI_DATA"}) {
    product.make_folder(tile_folder + folder);
  }
  product.make_folder(datastrip_folder);
  parallel_for(static_cast<int>(files.size()), [&](int i) {
    const Image& file = files[static_cast<std::size_t>(i)];
    file.write(product / file.path);
  });
  for (const Image& file : files) objects.push_back({file.manifest_id, file.path, "application/octet-stream"});

  product.write(objects[0].path, product_metadata(granule, images));
  product.write(objects[1].path, datastrip_metadata(granule));
  product.write(objects[2].path, tile_metadata(granule));
  product.write("manifest.safe", manifest(granule, objects, product));
}

}  // namespace

std::string write_safe(const std::string& folder, const Granule& granule, const ParallelFor& parallel_for) {
  const std::string path = (fs::path(folder) / (product_name(granule) + ".SAFE")).string();
  check_granule(granule);
  utm_zone(finest_grid(granule).crs);
  AtomicFolder product(path);
  try {
    write_product(product, granule, parallel_for);
  } catch (const IoError& error) {
    throw IoError(path + ": " + error.what());
  } catch (const fs::filesystem_error& error) {
    throw IoError(path + ": " + error.what());
  }
  product.commit();
  return path;
}

}  // namespace pitwatch
