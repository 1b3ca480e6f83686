//! Texts of the docs. Only tests make and read the docs, so the program does not carry these texts.

/// A text of the docs. It is empty outside tests.
#[derive(Clone, Copy, Debug)]
pub struct Prose {
    #[cfg(test)]
    text: &'static str,
}

pub(super) const fn prose(text: &'static str) -> Prose {
    #[cfg(not(test))]
    let _ = text;
    Prose {
        #[cfg(test)]
        text,
    }
}

#[cfg(test)]
impl std::ops::Deref for Prose {
    type Target = str;

    fn deref(&self) -> &str {
        self.text
    }
}

#[cfg(test)]
impl std::fmt::Display for Prose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text)
    }
}
