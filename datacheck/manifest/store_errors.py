"""What the libraries of object stores raise, in words: which bucket, what is missing, what to do."""

from __future__ import annotations

_PERMISSIONS = {
    "list": "s3:ListBucket (of the bucket)",
    "read": "s3:GetObject (of the object)",
    "write": "s3:PutObject (of the object)",
}
_REFUSED = frozenset(
    ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "RequestTimeTooSkewed", "401")
)
_ELSEWHERE = frozenset(
    ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301")
)
_USUAL_PLACES = {
    "s3": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for a public bucket FSSPEC_S3_ANON=true",
    "gs": "run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS",
    "az": "set AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_CONNECTION_STRING",
    "hf": "run hf auth login, or set HF_TOKEN",
}


def explain_store_error(error: BaseException, place: str, bucket: str, action: str) -> str:
    """Return what was expected and found at a place of an object store, and what to do.

    Parameters
    ----------
    error
        What the library raised.
    place, bucket
        The address, and its bucket or container.
    action
        ``list``, ``read`` or ``write``.

    Examples
    --------
    >>> explain_store_error(FileNotFoundError("b/pets"), "s3://b/pets", "b", "list")
    "expected to list s3://b/pets, found nothing there; check the name of the bucket 'b' and the folder"
    """
    code, scheme = error_code(error), place.partition(":")[0]
    start = f"expected to {action} {place}, found"
    places = _USUAL_PLACES.get(scheme, "")
    if code == "NoSuchBucket":
        return f"{start} no bucket {bucket!r}; check its name, and the endpoint where it is not the usual one"
    if code in _ELSEWHERE:
        return f"{start} that the bucket {bucket!r} is in another region ({code}); set AWS_DEFAULT_REGION to its region"
    if "Credential" in type(error).__name__:
        return f"{start} no credentials ({type(error).__name__}); {places}"
    if code in _REFUSED:
        return f"{start} that the credentials were refused ({code}); {places}"
    if is_denied(error):
        needed = _PERMISSIONS[action] if scheme == "s3" else f"the permission to {action} it"
        return f"{start} that access is denied ({code or type(error).__name__}); the credentials need {needed}"
    if is_missing(error):
        return f"{start} nothing there; check the name of the bucket {bucket!r} and the folder"
    text = " ".join(str(error).split()) or type(error).__name__
    return f"{start} {type(error).__name__}: {text[:300]}; check the connection and the endpoint, then run it again"


def error_code(error: BaseException) -> str:
    """Return the store's own code of an error, such as ``NoSuchBucket`` or ``403``; empty where there is none."""
    for each in (error, error.__cause__, error.__context__):
        response = getattr(each, "response", None)
        if isinstance(response, dict):
            return str(response.get("Error", {}).get("Code", ""))
        for name in ("error_code", "code", "status_code"):
            if isinstance(getattr(each, name, None), str | int):
                return str(getattr(each, name))
        if getattr(response, "status_code", None):
            return str(getattr(response, "status_code", ""))
    return ""


def is_denied(error: BaseException) -> bool:
    """Return whether one place is denied, while the credentials themselves are good."""
    code = error_code(error)
    return code in ("AccessDenied", "403", "AuthorizationPermissionMismatch") or (
        isinstance(error, PermissionError) and code not in _REFUSED | _ELSEWHERE
    )


def is_missing(error: BaseException) -> bool:
    """Return whether one place is missing, while its bucket is there."""
    code = error_code(error)
    return code in ("NoSuchKey", "BlobNotFound") or (isinstance(error, FileNotFoundError) and code != "NoSuchBucket")
