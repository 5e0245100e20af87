"""The stages in order (`recipe`), and what drives them (`runner`), remembers them (`journal`) and shows them (`progress`)."""
