// What C++ bindings for hosts stand on, apart from types (codec.h): resources of the host and of guests, the two sides
// of a call, and Context, one side's memory and handles as codecs see them.
// Thread: as the store; Imports serve stores of one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "component/exec/host.h"
#include "component/exec/instance_context.h"
#include "component/exec/linker.h"

namespace skiff::bind {

class Imports;
class Exports;

/// Base of the host's resources. Its address is what handles stand for. One that a guest has a handle of belongs to
/// the Imports, until the guest drops it or gives it back.
class Resource {
 public:
  Resource() = default;
  Resource(const Resource&) = delete;
  virtual ~Resource() { unlink(); }
  uint64_t rep() const { return reinterpret_cast<uintptr_t>(this); }
  static Resource* from_rep(uint64_t rep) { return reinterpret_cast<Resource*>(static_cast<uintptr_t>(rep)); }
  /// From now on the caller's.
  static Resource* release(uint64_t rep) {
    Resource* r = from_rep(rep);
    r->unlink();
    return r;
  }

 private:
  friend class ResourceList;
  void unlink() {
    if (!previous_) return;
    *previous_ = next_;
    if (next_) next_->previous_ = previous_;
    previous_ = nullptr;
  }
  Resource** previous_ = nullptr;    // what points to this one, in a list
  Resource* next_ = nullptr;
};

/// What guests have handles of; destroys what is left.
class ResourceList {
 public:
  ResourceList() = default;
  ResourceList(const ResourceList&) = delete;
  ~ResourceList() {
    while (first_) delete first_;
  }
  void keep(Resource* r) {
    r->next_ = first_;
    r->previous_ = &first_;
    if (first_) first_->previous_ = &r->next_;
    first_ = r;
  }

 private:
  Resource* first_ = nullptr;
};

/// A resource of the host that a guest lends for a call.
template <class R>
struct Borrowed {
  R* resource = nullptr;
  R* operator->() const { return resource; }
  R& operator*() const { return *resource; }
};

/// A string parameter; its text is valid until the guest runs.
struct Text {
  std::string_view view;    // of guest memory, or of `buffer`
  std::string buffer;       // when it had to be transcoded
  Text() = default;
  Text(const Text&) = delete;
};

/// Where types are made: one table for a world.
struct TypeMaker {
  component::TypeTable& table;
  const std::vector<component::ResourceId>& resources;   // by R::kType
};

/// The resources of a world: what their numbers (R::kType) stand for.
struct ResourceTypes {
  std::vector<component::ResourceType*> types;   // null: not known (yet)
  component::ResourceType& operator[](uint32_t number) const { return *types[number]; }
};

/// One side of a call: memory, realloc and handles of a component instance.
class Context {
 public:
  Context(component::InstanceContext& cx, const ResourceTypes& types, ResourceList& resources, Exports* exports)
      : cx_(cx), types_(types), resources_(resources), exports_(exports) {}

  bool wide() const { return cx_.options.wide; }
  bool trap(component::CmTrap trap, std::string detail = {}) { return cx_.trap(trap, std::move(detail)); }
  /// Guest memory of a list or record.   Traps: unaligned, out of bounds
  uint8_t* memory(uint64_t ptr, uint64_t size, uint32_t align) {
    return cx_.checked(ptr, size, align, component::CmTrap::UnalignedPointer, component::CmTrap::ListOutOfBounds);
  }
  /// Memory that the guest allocates.
  uint8_t* allocate(uint32_t align, uint64_t size, uint64_t& ptr) {
    if (!cx_.allocate(align, size, ptr)) return nullptr;
    return cx_.checked(ptr, size, align, component::CmTrap::ReallocUnaligned, component::CmTrap::ReallocOutOfBounds);
  }
  bool spend(uint64_t bytes) { return cx_.spend(bytes); }
  /// A string in the guest's encoding, as UTF-8: a view into its memory, or into `buffer`.
  bool read_string(uint64_t ptr, uint64_t code_units, std::string_view& text, std::string& buffer);
  bool write_string(std::string_view text, uint64_t& ptr, uint64_t& code_units);

  // Handles, by the resource's number.
  bool lift_own(uint32_t index, uint32_t number, uint64_t& rep);
  bool lift_borrow(uint32_t index, uint32_t number, uint64_t& rep);
  bool lower_own(uint32_t number, uint64_t rep, uint32_t& index);
  bool lower_borrow(uint32_t number, uint64_t rep, uint32_t& index);
  ResourceList& resources() { return resources_; }
  /// Calls of exports only.
  Exports* exports() const { return exports_; }

 private:
  bool known(uint32_t number);
  component::InstanceContext& cx_;
  const ResourceTypes& types_;
  ResourceList& resources_;
  Exports* exports_;
};

/// A resource that a guest has made and the host owns: dropped when this ends, which must be before the store does.
/// Base of the classes made for them.
class GuestResource {
 public:
  GuestResource() = default;
  GuestResource(Exports* exports, uint32_t number, uint64_t rep);
  GuestResource(GuestResource&& other) noexcept
      : exports_(std::move(other.exports_)), number_(other.number_), rep_(other.rep_) {}
  GuestResource& operator=(GuestResource&& other) noexcept {
    std::swap(exports_, other.exports_), std::swap(number_, other.number_), std::swap(rep_, other.rep_);
    return *this;
  }
  ~GuestResource() { (void)drop(); }
  /// False: there is none, or it was moved from or given away.
  explicit operator bool() const { return exports_ != nullptr; }
  uint64_t rep() const { return rep_; }
  void release() { exports_.reset(); }
  /// Drops it now, which calls the guest.   Errors: traps of its destructor
  RunResult<void> drop();

 protected:
  /// Requires: there is one.
  Exports& exports() const { return *exports_; }

 private:
  std::shared_ptr<Exports> exports_;
  uint32_t number_ = 0;
  uint64_t rep_ = 0;
};

/// Lends a resource of the guest for a call.
template <class R>
struct borrow {
  borrow(const R& r) : resource(&r) {}  // NOLINT: implicit
  const R* resource;
};

}  // namespace skiff::bind
