#pragma once
// Files that may be anything: a pipe that nobody writes to, a device without end, a sparse file of terabytes. They are
// read only where they are regular files, within bounds, and without ever waiting.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace pitwatch {

enum class Links { refused, followed };

/// The bytes of a file; nothing where there is none. Throws DataError without the path: it is no regular file, larger
/// than `most_bytes`, or cannot be read.
std::optional<std::string> read_regular_file(const std::string& path, std::uint64_t most_bytes,
                                             Links links = Links::refused);

/// The same of a file that must be there.
std::string read_whole_file(const std::string& path, std::uint64_t most_bytes);

/// The same piece by piece, of a file that must be there, links followed. One thread at a time.
class RegularFileReader {
 public:
  RegularFileReader(const std::string& path, std::uint64_t most_bytes);
  ~RegularFileReader();
  RegularFileReader(const RegularFileReader&) = delete;
  RegularFileReader& operator=(const RegularFileReader&) = delete;

  /// As many bytes as were read, at most `bytes`; 0 at the end. Throws DataError where they cannot be read, and where
  /// the file has grown beyond `most_bytes`.
  std::size_t read(char* into, std::size_t bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

inline constexpr std::uint64_t any_size = ~std::uint64_t{0};
inline constexpr std::uint64_t largest_vector_file_bytes = std::uint64_t{1} << 30;  // libraries read some of them whole

/// For files that a library opens: throws DataError for what is there, links followed, and is no regular file, or a
/// larger one. What is not there, or on the network, or within an archive, is the library's to tell.
void expect_regular_file(const std::string& path, std::uint64_t most_bytes = any_size);

/// Size of a file; nothing where there is none. Throws DataError as read_regular_file(), for a link, too.
std::optional<std::uint64_t> size_of_regular_file(const std::string& path);

/// SHA-256 of a file that has exactly `bytes` bytes; nothing where it has another size by now. Throws DataError as
/// read_regular_file(), for a link and a file that is gone, too.
std::optional<std::string> hash_of_regular_file(const std::string& path, std::uint64_t bytes);

}  // namespace pitwatch
