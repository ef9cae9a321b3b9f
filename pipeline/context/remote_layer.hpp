#pragma once
// Layers from the network: GeoJSON at a URL, as services of WFS and OGC API Features give it.

#include <chrono>
#include <functional>
#include <string>

#include "pipeline/io/remote/http_client.hpp"

namespace pitwatch {

/// Gets the text of the layer at a URL. Throws DataError with the reason where it cannot.
using LayerFetch = std::function<std::string(const std::string& url)>;

/// Gets the text of one page of it.
using PageFetch = std::function<std::string(const std::string& url)>;

/// All features at a URL as one FeatureCollection, in their order, whose other members are those of the first page.
/// Pages are followed by links of rel 'next' (OGC API Features, 17-069r4, 7.15.6), for at most `deadline`.
/// Throws DataError: what `fetch` throws; no FeatureCollection; fewer features than the service says there are, those
/// that it gave twice counted once; one with an id on two pages where it does not say how many there are; links, counts
/// or signs of a cut answer in a form that is not understood; pages of different CRSs; more than 1000 pages, a page
/// that was there before, or more than 256 MiB in all.
std::string fetch_layer(const std::string& url, const PageFetch& fetch, std::chrono::seconds deadline);

/// By a client, for at most its HttpOptions::deadline.
std::string fetch_layer(const std::string& url, HttpClient& client);

}  // namespace pitwatch
