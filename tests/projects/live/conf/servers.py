"""The application for servers, with either interface."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conf.settings")

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

wsgi = get_wsgi_application()
asgi = get_asgi_application()
