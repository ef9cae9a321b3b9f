#include "pipeline/core/large_buffer.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <unordered_map>

namespace pitwatch {
namespace {

constexpr std::size_t line_bytes = 64;
constexpr std::size_t page_bytes = 4096;
constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;
constexpr std::size_t large_bytes = std::size_t{128} << 10;  // from which on malloc asks the system each time
#ifdef __SANITIZE_ADDRESS__
constexpr bool may_keep = false;  // it could not tell the use of freed memory
#else
constexpr bool may_keep = true;
#endif

void* fresh(std::size_t bytes, std::size_t alignment) {
  void* memory = nullptr;
  return posix_memalign(&memory, alignment, bytes) == 0 ? memory : nullptr;
}

/// From that size on a piece is the system's own mapping: malloc would keep what is freed, and lay small things on
/// pages that were asked to be huge. AddressSanitizer watches malloc's memory alone.
bool is_mapped(std::size_t bytes) { return may_keep && bytes >= huge_page_bytes; }

std::size_t pages_of(std::size_t bytes) { return (bytes + page_bytes - 1) / page_bytes * page_bytes; }

/// A mapping that begins at a huge page; nothing where there is no memory.
void* fresh_mapping(std::size_t bytes) {
  const std::size_t wanted = pages_of(bytes);
  const std::size_t whole = wanted + huge_page_bytes;
  void* const memory = mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  const std::size_t ahead =
      (huge_page_bytes - reinterpret_cast<std::uintptr_t>(memory) % huge_page_bytes) % huge_page_bytes;
  char* const begin = static_cast<char*>(memory) + ahead;
  if (ahead > 0) munmap(memory, ahead);
  munmap(begin + wanted, whole - ahead - wanted);
  return begin;
}

void* fresh_piece(std::size_t bytes) {
  if (is_mapped(bytes)) return fresh_mapping(bytes);
  return fresh(bytes, bytes >= huge_page_bytes ? huge_page_bytes : page_bytes);
}

void free_piece(void* memory, std::size_t capacity) {
  if (is_mapped(capacity)) {
    munmap(memory, pages_of(capacity));
  } else {
    std::free(memory);
  }
}

/// Large pieces: those in use, and those that were freed while pieces are kept. Thread-safe.
class LargePieces {
 public:
  void* take(std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    const auto fit = kept_.lower_bound(bytes);
    if (fit != kept_.end() && fit->second.touched <= bytes + bytes / 4) {
      const Piece piece = fit->second;
      kept_.erase(fit);
      kept_bytes_ -= piece.touched;
      return use({piece.memory, piece.capacity, std::max(bytes, piece.touched)});
    }
    make_room(bytes);
    // Memory is taken when it is touched: the next one that fits in may want a little more.
    const std::size_t capacity = keepers_ > 0 && may_keep ? bytes + bytes / 8 : bytes;
    void* memory = fresh_piece(capacity);
    if (memory == nullptr) {
      release();
      memory = fresh_piece(capacity);
      if (memory == nullptr) throw std::bad_alloc();
    }
    // A wish: where it is not granted, pages are small.
    if (capacity >= huge_page_bytes) madvise(memory, capacity / huge_page_bytes * huge_page_bytes, MADV_HUGEPAGE);
    return use({memory, capacity, bytes});
  }

  /// Whether `memory` is a large piece: then it is dealt with.
  bool give_back(void* memory) {
    const std::scoped_lock lock(mutex_);
    const auto found = in_use_.find(memory);
    if (found == in_use_.end()) return false;
    const Piece piece = found->second;
    in_use_.erase(found);
    used_bytes_ -= piece.touched;
    if (keepers_ > 0 && may_keep) {
      kept_.emplace(piece.capacity, piece);
      kept_bytes_ += piece.touched;
    } else {
      free_piece(memory, piece.capacity);
    }
    return true;
  }

  void keep() {
    const std::scoped_lock lock(mutex_);
    if (keepers_++ == 0) most_bytes_ = used_bytes_;
  }

  void keep_no_more() {
    const std::scoped_lock lock(mutex_);
    if (--keepers_ == 0) release();
  }

 private:
  struct Piece {
    void* memory;
    std::size_t capacity;  // bytes
    std::size_t touched;   // of them, at most
  };

  void* use(const Piece& piece) {
    in_use_.emplace(piece.memory, piece);
    used_bytes_ += piece.touched;
    most_bytes_ = std::max(most_bytes_, used_bytes_);
    return piece.memory;
  }

  /// What is in use and what is kept are together hardly more than was once in use.
  void make_room(std::size_t bytes) {
    while (!kept_.empty() && used_bytes_ + kept_bytes_ + bytes > most_bytes_) free_kept(std::prev(kept_.end()));
  }

  void release() {
    while (!kept_.empty()) free_kept(kept_.begin());
  }

  void free_kept(std::multimap<std::size_t, Piece>::iterator one) {
    kept_bytes_ -= one->second.touched;
    free_piece(one->second.memory, one->second.capacity);
    kept_.erase(one);
  }

  std::mutex mutex_;
  int keepers_ = 0;
  std::unordered_map<void*, Piece> in_use_;
  std::multimap<std::size_t, Piece> kept_;  // by capacity
  std::size_t used_bytes_ = 0;
  std::size_t kept_bytes_ = 0;
  std::size_t most_bytes_ = 0;  // that were in use at once since pieces are kept
};

/// Never destroyed: what is freed at the very end still finds it.
LargePieces& large_pieces() {
  static LargePieces& pieces = *new LargePieces();
  return pieces;
}

}  // namespace

KeptPixels::KeptPixels() { large_pieces().keep(); }

KeptPixels::~KeptPixels() { large_pieces().keep_no_more(); }

void FreePixels::operator()(void* memory) const {
  if (!large_pieces().give_back(memory)) std::free(memory);
}

void* allocate_pixels(std::size_t bytes) {
  const std::size_t rounded = (bytes + line_bytes - 1) / line_bytes * line_bytes;
  if (rounded >= large_bytes) return large_pieces().take(rounded);
  void* memory = fresh(rounded, line_bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace pitwatch
