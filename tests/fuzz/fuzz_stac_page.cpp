// Any bytes, read as a page of a STAC API's search: items and the request for the next page, or a DataError.

#include <cstddef>
#include <cstdint>

#include "pipeline/core/error.hpp"
#include "pipeline/io/products/stac_item.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/io/scenes/stac_api.hpp"
#include "tests/fuzz/fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  using fuzz::require;
  SearchRequest request;
  request.url = "https://api.example.org/v1/search";
  request.collections = {"sentinel-2-l2a"};
  request.places = {{46, 40, 47, 41}};
  request.from = parse_instant("2020-01-01T00:00:00Z");
  request.most_cloud_percent = 50;
  const PageRequest current{request.url, R"({"limit":100,"collections":["sentinel-2-l2a"]})"};
  try {
    const ItemPage page = parse_item_page(fuzz::text_of(data, size), request, current);
    require(page.items.size() + page.rejected.size() <= page.features);
    for (const FoundItem& item : page.items) {
      require(is_url(item.url));
      try {
        const Scene scene = parse_stac_item(item.text, item.url);
        for (const auto& [band, asset] : scene.bands) require(is_url(asset.path));
      } catch (const DataError&) {
      }
    }
    if (page.next) {
      require(!parse_remote_url(page.next->url).host.empty());
      require(!page.next->body || page.next->body->starts_with('{'));
      require(redacted(page.next->url) == redacted(redacted(page.next->url)));
    }
  } catch (const DataError&) {
  }
  return 0;
}
