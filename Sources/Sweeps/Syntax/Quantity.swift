/// A number, or a reference to a number of another stage.
enum Quantity: Hashable {
  case number(Double)
  case reference(StageReference)
}
