#pragma once
// Layers from the network: GeoJSON at a URL, as services of WFS and OGC API Features give it.

#include <functional>
#include <string>

#include "pipeline/io/remote/http_client.hpp"

namespace pitwatch {

/// Gets the text of the layer at a URL. Throws DataError with the reason where it cannot.
using LayerFetch = std::function<std::string(const std::string& url)>;

/// All features at a URL as one FeatureCollection, in their order, whose other members are those of the first page.
/// Pages are followed by links of rel 'next' (OGC API Features, 17-069r4, 7.15.6), for at most HttpOptions::deadline.
/// Throws DataError: what the client throws; fewer features than the service says there are; no FeatureCollection;
/// pages of different CRSs; more than 1000 pages, a page that was there before, or more than 256 MiB in all.
std::string fetch_layer(const std::string& url, HttpClient& client);

}  // namespace pitwatch
