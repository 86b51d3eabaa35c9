/// Stores a large value on the heap; copies share it until one of them is changed (copy on write).
///
/// Arrays of types with such a property stay small, and copies of one value take its memory once.
@propertyWrapper
package struct Boxed<Value: Sendable>: Sendable {
  private final class Storage: Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
  }

  private var storage: Storage

  /// The value; setting it does not change copies.
  package var wrappedValue: Value {
    get { storage.value }
    set { storage = Storage(newValue) }
  }

  /// Stores a value.
  package init(wrappedValue: Value) { storage = Storage(wrappedValue) }
}

extension Boxed: Equatable where Value: Equatable {
  package static func == (left: Boxed, right: Boxed) -> Bool {
    left.storage === right.storage || left.storage.value == right.storage.value
  }
}

extension Boxed: Hashable where Value: Hashable {
  package func hash(into hasher: inout Hasher) { hasher.combine(storage.value) }
}

extension Boxed: Encodable where Value: Encodable {
  package func encode(to encoder: any Encoder) throws { try storage.value.encode(to: encoder) }
}

extension Boxed: Decodable where Value: Decodable {
  package init(from decoder: any Decoder) throws {
    self.init(wrappedValue: try Value(from: decoder))
  }
}
