"""The stages in order (`recipe`), what drives them (`runner`), remembers them (`journal`) and shows them (`progress`)."""
