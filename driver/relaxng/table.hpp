// SPDX-License-Identifier: LGPL-2.1-or-later
// A flat hash table from small keys to numbers that is copied as a block of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hostcompat::relaxng {

/// Spreads three words over 32 bits.
constexpr std::uint32_t mixed(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    std::uint64_t h = a * 0x9e3779b97f4a7c15U + b * 0xc2b2ae3d27d4eb4fU + c * 0x165667b19e3779f9U;
    h ^= h >> 29;
    h *= 0xbf58476d1ce4e5b9U;
    return static_cast<std::uint32_t>(h >> 32);
}

/// Numbers of items by hash; the items themselves lie with the owner, who compares them.
/// Every item that was inserted can be found; nothing is ever erased.
class Table {
public:
    static constexpr std::uint32_t none = 0xffffffff;

    /// The number for which `same(number)` holds among those inserted with this hash, or none.
    template <typename Same>
    std::uint32_t find(std::uint32_t hash, Same&& same) const {
        if (slots_.empty())
            return none;
        for (std::size_t i = hash & mask();; i = (i + 1) & mask()) {
            const Slot& slot = slots_[i];
            if (slot.number == none)
                return none;
            if (slot.hash == hash && same(slot.number))
                return slot.number;
        }
    }

    /// Adds a number that find() did not return.
    void insert(std::uint32_t hash, std::uint32_t number) {
        if ((used_ + 1) * 4 > slots_.size() * 3)
            grow();
        place({hash, number});
        ++used_;
    }

    /// The number of the item for which `same(item)` holds; where there is none, `item` is added.
    template <typename Item, typename Same>
    std::uint32_t findOrAdd(std::uint32_t hash, std::vector<Item>& items, const Item& item,
                            Same&& same) {
        const std::uint32_t found =
            find(hash, [&](std::uint32_t number) { return same(items[number]); });
        if (found != none)
            return found;
        items.push_back(item);
        const auto number = static_cast<std::uint32_t>(items.size() - 1);
        insert(hash, number);
        return number;
    }

    std::size_t bytes() const {
        return slots_.capacity() * sizeof(Slot);
    }

private:
    struct Slot {
        std::uint32_t hash = 0;
        std::uint32_t number = none;
    };

    std::size_t mask() const {
        return slots_.size() - 1;
    }

    void place(Slot added) {
        std::size_t i = added.hash & mask();
        while (slots_[i].number != none)
            i = (i + 1) & mask();
        slots_[i] = added;
    }

    void grow() {
        std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
        old.swap(slots_);
        for (const Slot& slot : old)
            if (slot.number != none)
                place(slot);
    }

    std::vector<Slot> slots_;
    std::size_t used_ = 0;
};

} // namespace hostcompat::relaxng
