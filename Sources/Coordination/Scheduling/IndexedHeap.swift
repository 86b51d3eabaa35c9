/// A priority queue of small numbers, each with a key; smallest key first, ties by number.
///
/// Setting, changing and removing a number's key are O(log n). The numbers index arrays, so
/// memory grows with the largest one used.
struct IndexedHeap<Key: Comparable & Sendable>: Sendable {
  private struct Entry {
    var key: Key
    var number: Int32
  }

  private var entries: [Entry] = []
  /// The position of each number's entry; -1 if it has none.
  private var places: [Int32] = []

  /// How many numbers have a key.
  var count: Int { entries.count }

  /// The number with the smallest key.
  var first: Int? { entries.first.map { Int($0.number) } }

  /// The smallest key.
  var firstKey: Key? { entries.first?.key }

  /// The number with the smallest key, except one.
  func first(otherThan number: Int?) -> Int? {
    guard let root = first, root == number else { return first }
    switch entries.count {
    case 1: return nil
    case 2: return Int(entries[1].number)
    default: return Int(entries[precedes(2, 1) ? 2 : 1].number)
    }
  }

  /// The key of a number; setting nil removes the number.
  subscript(number: Int) -> Key? {
    get {
      guard let place = place(of: number) else { return nil }
      return entries[place].key
    }
    set {
      switch (place(of: number), newValue) {
      case (nil, nil): return
      case (let place?, nil): remove(at: place)
      case (let place?, let key?):
        entries[place].key = key
        siftDown(from: siftUp(from: place))
      case (nil, let key?):
        while places.count <= number { places.append(-1) }
        places[number] = Int32(entries.count)
        entries.append(Entry(key: key, number: Int32(number)))
        _ = siftUp(from: entries.count - 1)
      }
    }
  }

  private func place(of number: Int) -> Int? {
    guard number < places.count, places[number] >= 0 else { return nil }
    return Int(places[number])
  }

  private mutating func remove(at place: Int) {
    let last = entries.count - 1
    if place != last { swap(place, last) }
    places[Int(entries[last].number)] = -1
    entries.removeLast()
    if place != last { siftDown(from: siftUp(from: place)) }
  }

  private func precedes(_ left: Int, _ right: Int) -> Bool {
    let (left, right) = (entries[left], entries[right])
    return left.key < right.key || (left.key == right.key && left.number < right.number)
  }

  private mutating func swap(_ left: Int, _ right: Int) {
    entries.swapAt(left, right)
    places[Int(entries[left].number)] = Int32(left)
    places[Int(entries[right].number)] = Int32(right)
  }

  private mutating func siftUp(from start: Int) -> Int {
    var place = start
    while place > 0 {
      let parent = (place - 1) / 2
      guard precedes(place, parent) else { break }
      swap(place, parent)
      place = parent
    }
    return place
  }

  private mutating func siftDown(from start: Int) {
    var place = start
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2]
      where child < entries.count && precedes(child, least) {
        least = child
      }
      guard least != place else { return }
      swap(place, least)
      place = least
    }
  }
}
