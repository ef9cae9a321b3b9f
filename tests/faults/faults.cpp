// Makes calls that change files fail at a chosen place: see README.md. Preloaded; its functions stand before those of
// the C library.

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// What the environment asks for, read once.
struct Plan {
  std::string folder = variable("FAULTS_FOLDER");
  std::string log = variable("FAULTS_LOG");
  unsigned long at = std::strtoul(variable("FAULTS_AT").c_str(), nullptr, 10);
  std::string with = variable("FAULTS_WITH");
  bool lasts = !variable("FAULTS_LAST").empty();
};

const Plan& plan() {
  static const Plan read;
  return read;
}

bool is_below(std::string_view path, std::string_view folder) {
  return path.substr(0, folder.size()) == folder && (path.size() == folder.size() || path[folder.size()] == '/');
}

/// Past our own functions, which would count it.
void log_line(const std::string& line) {
  const long file =
      ::syscall(SYS_openat, AT_FDCWD, plan().log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return;
  ::syscall(SYS_write, file, line.data(), line.size());
  ::syscall(SYS_close, file);
}

/// Whether a call is to fail, errno being set then.
bool fails(const char* kind, const std::string& path) {
  static std::atomic<unsigned long> calls{0};
  static std::atomic<const char*> failed{nullptr};  // kind of the call that did
  if (plan().folder.empty() || !is_below(path, plan().folder)) return false;
  const unsigned long number = ++calls;
  if (!plan().log.empty()) log_line(std::string(kind) + " " + path + "\n");
  const char* const kind_failed = failed;
  const bool is_still = plan().lasts && kind_failed != nullptr && std::strcmp(kind_failed, kind) == 0;
  if (number != plan().at && !is_still) return false;
  failed = kind;
  if (plan().with == "KILL") ::raise(SIGKILL);
  errno = plan().with == "EIO" ? EIO : ENOSPC;
  return true;
}

bool fails(const char* kind, int descriptor) {
  if (plan().folder.empty()) return false;
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const int before = errno;
  const ssize_t size = ::readlink(link.c_str(), path, sizeof path);
  errno = before;
  return size > 0 && fails(kind, std::string(path, static_cast<std::size_t>(size)));
}

bool is_for_writing(int flags) { return (flags & O_ACCMODE) != O_RDONLY; }

/// The function of that name that is next after ours.
template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// The functions have the types of the C library's headers.
#define PITWATCH_NEXT(name) static const auto real = next<decltype(&::name)>(#name)
#define PITWATCH_OPEN(name)                                      \
  int name(const char* path, int flags, ...) {                   \
    PITWATCH_NEXT(name);                                         \
    std::va_list more;                                           \
    va_start(more, flags);                                       \
    const mode_t mode = va_arg(more, mode_t);                    \
    va_end(more);                                                \
    if (is_for_writing(flags) && fails("open", path)) return -1; \
    return real(path, flags, mode);                              \
  }

extern "C" {

PITWATCH_OPEN(open)
PITWATCH_OPEN(open64)

ssize_t write(int descriptor, const void* bytes, size_t count) {
  PITWATCH_NEXT(write);
  return fails("write", descriptor) ? -1 : real(descriptor, bytes, count);
}

ssize_t writev(int descriptor, const iovec* parts, int count) {
  PITWATCH_NEXT(writev);
  return fails("write", descriptor) ? -1 : real(descriptor, parts, count);
}

ssize_t pwrite(int descriptor, const void* bytes, size_t count, off_t offset) {
  PITWATCH_NEXT(pwrite);
  return fails("write", descriptor) ? -1 : real(descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t count, off64_t offset) {
  PITWATCH_NEXT(pwrite64);
  return fails("write", descriptor) ? -1 : real(descriptor, bytes, count, offset);
}

size_t fwrite(const void* bytes, size_t size, size_t count, FILE* stream) {
  PITWATCH_NEXT(fwrite);
  return fails("write", ::fileno(stream)) ? 0 : real(bytes, size, count, stream);
}

int ftruncate(int descriptor, off_t size) noexcept {
  PITWATCH_NEXT(ftruncate);
  return fails("truncate", descriptor) ? -1 : real(descriptor, size);
}

int ftruncate64(int descriptor, off64_t size) noexcept {
  PITWATCH_NEXT(ftruncate64);
  return fails("truncate", descriptor) ? -1 : real(descriptor, size);
}

int fsync(int descriptor) {
  PITWATCH_NEXT(fsync);
  return fails("sync", descriptor) ? -1 : real(descriptor);
}

int fdatasync(int descriptor) {
  PITWATCH_NEXT(fdatasync);
  return fails("sync", descriptor) ? -1 : real(descriptor);
}

int rename(const char* from, const char* to) noexcept {
  PITWATCH_NEXT(rename);
  return fails("rename", to) ? -1 : real(from, to);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned int flags) noexcept {
  PITWATCH_NEXT(renameat2);
  return fails("rename", to) ? -1 : real(from_folder, from, to_folder, to, flags);
}

int unlink(const char* path) noexcept {
  PITWATCH_NEXT(unlink);
  return fails("unlink", path) ? -1 : real(path);
}

int unlinkat(int folder, const char* path, int flags) noexcept {
  PITWATCH_NEXT(unlinkat);
  return fails("unlink", path) ? -1 : real(folder, path, flags);
}

int remove(const char* path) noexcept {
  PITWATCH_NEXT(remove);
  return fails("unlink", path) ? -1 : real(path);
}

}  // extern "C"
