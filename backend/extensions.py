"""The Flask extensions, created once and bound to the application by the factory."""

from flask_cors import CORS
from flask_jwt_extended import JWTManager
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from backend.openapi import DocumentedApi

api = DocumentedApi()
cors = CORS()
jwt = JWTManager()
limiter = Limiter(key_func=get_remote_address)
