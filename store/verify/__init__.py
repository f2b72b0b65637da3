"""Verifying a tenant's log from its raw entries, trusting nothing but the keys."""

from store.verify.found import Fault, Verified
from store.verify.run import GoesOn, verify

__all__ = ["Fault", "GoesOn", "Verified", "verify"]
