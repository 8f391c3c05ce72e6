//! What says that two are of the same company.

/// Mail services that anybody can have an address of: sharing one says nothing.
const PUBLIC_MAIL: &[&str] = &[
    "aol.com",
    "gmail.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "t-online.de",
    "web.de",
    "yahoo.com",
    "yandex.ru",
    "ymail.com",
    "163.com",
];

/// The domain of an e-mail address, lower case, unless it is one that anybody can have an address of.
#[must_use]
pub fn company_domain(email: &str) -> Option<String> {
    let (_, domain) = email.rsplit_once('@')?;
    let domain = domain.to_lowercase();
    (!PUBLIC_MAIL.contains(&domain.as_str())).then_some(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_anybody_can_have_tells_no_company() {
        assert_eq!(company_domain("anna@Example.COM").as_deref(), Some("example.com"));
        assert_eq!(company_domain("anna@gmail.com"), None);
    }
}
