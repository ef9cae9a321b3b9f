#include "kernels/indices.hpp"

#include "benchmarks/kernels/kernel_benchmark.hpp"
#include "kernels/reference/indices.hpp"

namespace pitwatch::kernels::bench {
namespace {

class Ndvi {
 public:
  static constexpr std::size_t bytes_per_pixel = 12;
  explicit Ndvi(std::size_t n) : n_(n), red_(reflectance(n, 1)), nir_(reflectance(n, 2)), out_(n) {}
  void run() {
    kernels::spectral_index(SpectralIndex::ndvi, {.red = red_.data(), .nir = nir_.data()}, n_, out_.data());
  }
  void run_reference() {
    reference::spectral_index(SpectralIndex::ndvi, {.red = red_.data(), .nir = nir_.data()}, n_, out_.data());
  }
  bool same_result(const Ndvi& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<float> red_;
  std::vector<float> nir_;
  std::vector<float> out_;
};
PITWATCH_KERNEL_BENCHMARK("ndvi", Ndvi);

class Evi2 {
 public:
  static constexpr std::size_t bytes_per_pixel = 12;
  explicit Evi2(std::size_t n) : n_(n), red_(reflectance(n, 1)), nir_(reflectance(n, 2)), out_(n) {}
  void run() {
    kernels::spectral_index(SpectralIndex::evi2, {.red = red_.data(), .nir = nir_.data()}, n_, out_.data());
  }
  void run_reference() {
    reference::spectral_index(SpectralIndex::evi2, {.red = red_.data(), .nir = nir_.data()}, n_, out_.data());
  }
  bool same_result(const Evi2& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<float> red_;
  std::vector<float> nir_;
  std::vector<float> out_;
};
PITWATCH_KERNEL_BENCHMARK("evi2", Evi2);

class Bsi {
 public:
  static constexpr std::size_t bytes_per_pixel = 20;
  explicit Bsi(std::size_t n)
      : n_(n),
        blue_(reflectance(n, 3)),
        red_(reflectance(n, 1)),
        nir_(reflectance(n, 2)),
        swir16_(reflectance(n, 4)),
        out_(n) {}
  void run() {
    kernels::spectral_index(SpectralIndex::bsi,
                            {.blue = blue_.data(), .red = red_.data(), .nir = nir_.data(), .swir16 = swir16_.data()},
                            n_, out_.data());
  }
  void run_reference() {
    reference::spectral_index(SpectralIndex::bsi,
                              {.blue = blue_.data(), .red = red_.data(), .nir = nir_.data(), .swir16 = swir16_.data()},
                              n_, out_.data());
  }
  bool same_result(const Bsi& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<float> blue_;
  std::vector<float> red_;
  std::vector<float> nir_;
  std::vector<float> swir16_;
  std::vector<float> out_;
};
PITWATCH_KERNEL_BENCHMARK("bsi", Bsi);

class Clay {
 public:
  static constexpr std::size_t bytes_per_pixel = 12;
  explicit Clay(std::size_t n) : n_(n), swir16_(reflectance(n, 1)), swir22_(reflectance(n, 2)), out_(n) {}
  void run() {
    kernels::spectral_index(SpectralIndex::clay, {.swir16 = swir16_.data(), .swir22 = swir22_.data()}, n_, out_.data());
  }
  void run_reference() {
    reference::spectral_index(SpectralIndex::clay, {.swir16 = swir16_.data(), .swir22 = swir22_.data()}, n_,
                              out_.data());
  }
  bool same_result(const Clay& other) const { return same_bytes(out_, other.out_); }

 private:
  std::size_t n_;
  std::vector<float> swir16_;
  std::vector<float> swir22_;
  std::vector<float> out_;
};
PITWATCH_KERNEL_BENCHMARK("clay", Clay);

}  // namespace
}  // namespace pitwatch::kernels::bench
