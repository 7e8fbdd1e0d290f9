from django.contrib import admin

from playback.models import Licence, StreamOrigin

admin.site.register([Licence, StreamOrigin])
